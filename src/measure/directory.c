/* What a directory is: its file system, its room, whether it can be written. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "polysweep/measure.h"

/* For file systems whose line of the mount table is not found (overlays and btrfs number their files by devices of
 * their own). From linux/magic.h and the sources of those that are not in the kernel. */
static const struct {
    unsigned long magic;
    const char *type;
} types[] = {{0x6969, "nfs"},       {0x0BD00BD0, "lustre"}, {0x47504653, "gpfs"},    {0x19830326, "beegfs"},
             {0x00C36400, "ceph"},  {0xAAD7AAEA, "panfs"},  {0x20030528, "pvfs2"},   {0x5346414F, "afs"},
             {0xFF534D42, "cifs"},  {0xFE534D42, "smb2"},   {0x01021997, "9p"},      {0x65735546, "fuse"},
             {0x01021994, "tmpfs"}, {0x858458F6, "ramfs"},  {0x794C7630, "overlay"}, {0xEF53, "ext4"},
             {0x58465342, "xfs"},   {0x9123683E, "btrfs"},  {0x2FC12FC1, "zfs"},     {0xF2F52010, "f2fs"},
             {0x7461636F, "ocfs2"}, {0x01161970, "gfs2"}};

static const char *type_of(long magic)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].magic == ((unsigned long)magic & 0xFFFFFFFFUL)) return types[i].type;
    return "";
}

/* "36 35 98:0 /root /mount rw,noatime master:1 - ext4 /dev/sda1 rw,errors=continue": type and both lists of options.
 * The last line of a device wins: it is the mount on top. */
static void read_mount(dev_t device, psw_directory *out)
{
    char line[4096], wanted[32], place[32], first[128], type[sizeof out->type], second[512];
    FILE *file = fopen("/proc/self/mountinfo", "r");
    if (!file) return;
    psw_format(wanted, sizeof wanted, "%u:%u", major(device), minor(device));
    while (fgets(line, sizeof line, file)) {
        const char *rest = strstr(line, " - ");
        if (!rest || sscanf(line, "%*s %*s %31s %*s %*s %127s", place, first) != 2 || strcmp(place, wanted) != 0)
            continue;
        if (sscanf(rest, " - %31s %*s %511s", type, second) != 2) continue;
        psw_format(out->type, sizeof out->type, "%s", type);
        psw_format(out->options, sizeof out->options, "%s,%s", first, second);
    }
    fclose(file);
}

static int why_not(const char *path, const struct stat *about)
{
    if (!S_ISDIR(about->st_mode)) return ENOTDIR;
    return access(path, W_OK | X_OK) == 0 ? 0 : errno;
}

psw_directory psw_directory_read(const char *path)
{
    psw_directory out = {.free_bytes = NAN, .file_limit_bytes = INFINITY};
    struct stat about;
    struct statfs system;
    struct rlimit limit;
    if (stat(path, &about) != 0) {
        out.why_not = errno;
        return out;
    }
    out.why_not = why_not(path, &about);
    if (statfs(path, &system) == 0) {
        out.magic = (long)system.f_type;
        out.free_bytes = (double)system.f_bavail * (double)system.f_bsize;
        psw_format(out.type, sizeof out.type, "%s", type_of(out.magic));
    }
    read_mount(about.st_dev, &out);
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        out.file_limit_bytes = (double)limit.rlim_cur;
    return out;
}
