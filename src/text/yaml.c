#include "polysweep/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "polysweep/plain.h"

psw_shown psw_show(const char *text)
{
    psw_shown shown;
    if (psw_plain_text(text, shown.text, sizeof shown.text)) return shown;
    psw_plain_text(text, shown.text, sizeof shown.text - 3);
    strcat(shown.text, "...");
    return shown;
}

psw_status psw_wrong_at(const psw_yaml *tree, psw_where where, const char *file, int line, const char *format, ...)
{
    char words[800], place[256];
    va_list arguments;
    va_start(arguments, format);
    psw_plain_format(words, sizeof words, format, arguments);
    va_end(arguments);
    if (where.set)
        psw_format(place, sizeof place, "--set %s", psw_show(tree->set[where.set - 1]).text);
    else if (where.line)
        psw_format(place, sizeof place, "%.180s:%td:%td", tree->name, where.line, where.column);
    else
        psw_format(place, sizeof place, "%.180s", tree->name);
    return psw_fail_at(PSW_USAGE, file, line, "%s: %s", place, words);
}

static char *copy(const char *text, size_t length)
{
    char *made = malloc(length + 1);
    if (!made) return NULL;
    memcpy(made, text, length);
    made[length] = 0;
    return made;
}

psw_yaml_node *psw_yaml_create(psw_yaml *tree, psw_yaml_kind kind, const char *key, const char *text, psw_where where)
{
    psw_yaml_node *node = calloc(1, sizeof *node);
    if (!node) return NULL;
    tree->nodes++;
    node->kind = kind;
    node->where = node->key_where = where;
    node->key = key ? copy(key, strlen(key)) : NULL;
    node->text = text ? copy(text, strlen(text)) : NULL;
    if ((node->key != NULL) == (key != NULL) && (node->text != NULL) == (text != NULL)) return node;
    psw_yaml_free(node);
    return NULL;
}

void psw_yaml_free(psw_yaml_node *node)
{
    if (!node) return;
    for (psw_yaml_node *child = node->child, *next; child; child = next) {
        next = child->next;
        psw_yaml_free(child);
    }
    free(node->key);
    free(node->text);
    free(node);
}

psw_yaml_node *psw_yaml_child(const psw_yaml_node *map, const char *key)
{
    if (!map || map->kind != PSW_MAP) return NULL;
    for (psw_yaml_node *child = map->child; child; child = child->next)
        if (strcmp(child->key, key) == 0) return child;
    return NULL;
}

void psw_yaml_append(psw_yaml_node *parent, psw_yaml_node *child)
{
    child->parent = parent;
    child->next = NULL;
    if (parent->last)
        parent->last->next = child;
    else
        parent->child = child;
    parent->last = child;
    parent->children++;
}

/* ---- from libyaml's events ---- */

typedef struct loader {
    psw_yaml *tree;
    ptrdiff_t set;
    psw_yaml_node *open; /* the list or map being filled */
    ptrdiff_t depth, documents;
    char *key; /* of the next value of an open map, NULL = a key comes next */
    psw_where key_where;
} loader;

static psw_where place(const loader *l, yaml_mark_t mark)
{
    return (psw_where){(ptrdiff_t)mark.line + 1, (ptrdiff_t)mark.column + 1, l->set};
}

static psw_status duplicate(const loader *l, const psw_yaml_node *first, psw_where where)
{
    return PSW_WRONG(l->tree, where, "the key '%s' is given twice (first in line %td); remove one",
                     psw_show(first->key).text, first->key_where.line);
}

static psw_status check_text(const loader *l, const char *text, size_t length, size_t most, psw_where where)
{
    if (length > most)
        return PSW_WRONG(l->tree, where, "'%s' is %zu bytes long; at most %zu are allowed here",
                         memchr(text, 0, length) ? "a text" : psw_show(text).text, length, most);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 32 && text[i] != '\n' && text[i] != '\t')
            return PSW_WRONG(l->tree, where, "a control character (byte %d) in a text; remove it", text[i]);
    return PSW_OK;
}

static psw_status take_key(loader *l, const char *text, size_t length, psw_where where)
{
    PSW_TRY(check_text(l, text, length, PSW_NAME_MAX, where));
    const psw_yaml_node *first = psw_yaml_child(l->open, text);
    if (first) return duplicate(l, first, where);
    l->key = copy(text, length);
    l->key_where = where;
    return l->key ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a key of the study file");
}

static psw_status take_node(loader *l, psw_yaml_kind kind, const char *text, psw_where where, psw_yaml_node **made)
{
    if (l->open && l->open->kind == PSW_MAP && !l->key)
        return PSW_WRONG(l->tree, where, "a list or map cannot be a key; write a name followed by ':'");
    if (l->tree->nodes >= PSW_NODES_MAX)
        return PSW_WRONG(l->tree, where, "more than %d values; write long axes as {from, to, step}", PSW_NODES_MAX);
    psw_yaml_node *node = psw_yaml_create(l->tree, kind, l->key, text, where);
    if (!node) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a value of the study file");
    if (l->key) node->key_where = l->key_where;
    free(l->key);
    l->key = NULL;
    if (l->open)
        psw_yaml_append(l->open, node);
    else
        l->tree->root = node;
    *made = node;
    return PSW_OK;
}

static psw_status take_scalar(loader *l, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    psw_where where = place(l, event->start_mark);
    if (l->open && l->open->kind == PSW_MAP && !l->key) return take_key(l, text, length, where);
    psw_yaml_node *node;
    PSW_TRY(check_text(l, text, length, PSW_SCALAR_MAX, where));
    PSW_TRY(take_node(l, PSW_SCALAR, text, where, &node));
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return PSW_OK;
}

static psw_status take_start(loader *l, psw_yaml_kind kind, psw_where where)
{
    psw_yaml_node *node;
    if (l->depth >= PSW_DEPTH_MAX)
        return PSW_WRONG(l->tree, where, "nested more than %d deep; no key of a study is that deep", PSW_DEPTH_MAX);
    PSW_TRY(take_node(l, kind, NULL, where, &node));
    l->open = node;
    l->depth++;
    return PSW_OK;
}

static psw_status refuse_extras(const loader *l, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) anchor = event->data.scalar.anchor, tag = event->data.scalar.tag;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
    if (event->type == YAML_MAPPING_START_EVENT)
        anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag;
    psw_where where = place(l, event->start_mark);
    if (anchor || event->type == YAML_ALIAS_EVENT)
        return PSW_WRONG(l->tree, where, "anchors and aliases (& and *) are not used here; write the value out");
    if (tag) return PSW_WRONG(l->tree, where, "tags (!) are not used here; types come from the key");
    return PSW_OK;
}

static psw_status take_event(loader *l, const yaml_event_t *event)
{
    PSW_TRY(refuse_extras(l, event));
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (l->documents++)
            return PSW_WRONG(l->tree, place(l, event->start_mark), "a second document ('---'); a study is one");
        return PSW_OK;
    case YAML_SCALAR_EVENT: return take_scalar(l, event);
    case YAML_SEQUENCE_START_EVENT: return take_start(l, PSW_LIST, place(l, event->start_mark));
    case YAML_MAPPING_START_EVENT: return take_start(l, PSW_MAP, place(l, event->start_mark));
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        l->open = l->open->parent;
        l->depth--;
        return PSW_OK;
    default: return PSW_OK;
    }
}

static psw_status not_yaml(const loader *l, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate memory to read the study");
    psw_where where = place(l, parser->problem_mark);
    if (parser->error == YAML_READER_ERROR)
        return PSW_WRONG(l->tree, psw_nowhere(l->set), "byte %zu is not text (%s); a study is UTF-8",
                         parser->problem_offset, parser->problem);
    return PSW_WRONG(l->tree, where, "not YAML: %s%s%s", parser->context ? parser->context : "",
                     parser->context ? ", " : "", parser->problem ? parser->problem : "unknown");
}

static psw_status load_events(loader *l, yaml_parser_t *parser)
{
    psw_status status = PSW_OK;
    for (bool end = false; status == PSW_OK && !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) return not_yaml(l, parser);
        end = event.type == YAML_STREAM_END_EVENT;
        status = take_event(l, &event);
        yaml_event_delete(&event);
    }
    return status;
}

psw_status psw_yaml_load(psw_yaml *tree, const char *text, size_t length, ptrdiff_t set)
{
    loader l = {.tree = tree, .set = set};
    yaml_parser_t parser;
    tree->root = NULL;
    if (length > PSW_TEXT_MAX)
        return PSW_WRONG(tree, psw_nowhere(set), "%zu bytes; a study has at most %d", length, PSW_TEXT_MAX);
    if (!yaml_parser_initialize(&parser)) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate memory to read the study");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    psw_status status = load_events(&l, &parser);
    yaml_parser_delete(&parser);
    free(l.key);
    if (status == PSW_OK && !tree->root)
        status = PSW_WRONG(tree, psw_nowhere(set), "the study is empty; begin with 'schema: 1'");
    return status;
}
