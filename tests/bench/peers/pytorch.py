"""PyTorch on one thread: its fused softmax attention, plain z^4, and the compiled flex attention with z^beta as exp(beta log |z|)."""
import torch
from torch.nn.functional import scaled_dot_product_attention

torch.set_num_threads(1)
torch.set_grad_enabled(False)


def about():
    return {"version": torch.__version__, "vectors": torch.backends.cpu.get_cpu_capability()}


def rows(n, d, precision_name):
    torch.manual_seed(1)
    dtype = {"fp32": torch.float32, "fp64": torch.float64}[precision_name]
    return (torch.randn(1, 1, n, d, dtype=dtype) for _ in range(3))


def fused(n, d, precision_name, causal):
    q, k, v = rows(n, d, precision_name)
    return lambda: scaled_dot_product_attention(q, k, v, is_causal=causal) is None


def plain_z4(n, d, precision_name, causal):
    q, k, v = rows(n, d, precision_name)

    def call():
        z = q @ k.transpose(-1, -2)
        z *= d ** -0.5
        z *= z
        z *= z
        if causal:
            z = z.tril_()
        out = z @ v
        out /= z.sum(-1, keepdim=True)

    return call


def flex(n, d, precision_name, causal, beta):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention
    torch._dynamo.reset()  # every shape and degree has a kernel of its own
    q, k, v = rows(n, d, precision_name)
    seen = create_block_mask(lambda b, h, i, j: i >= j, 1, 1, n, n, device="cpu") if causal else None
    compiled = torch.compile(flex_attention, dynamic=False)
    return lambda: compiled(q, k, v, score_mod=lambda z, b, h, i, j: beta * torch.log(z.abs()), block_mask=seen) is None


JOBS = {"fused": fused, "z4": plain_z4, "flex": flex}
