"""Ask the CUDA driver what it has, and print it as JSON; run by itself, because a broken driver can end its process."""

import ctypes
import json
import sys
from typing import Any

NO_DEVICE = 100
MULTIPROCESSORS, MAJOR, MINOR = 16, 75, 76  # numbers of device attributes


def ask(number: int) -> dict[str, Any]:
    """Return the facts of a device; {} without a driver or a device, "fault" if the driver fails."""
    names = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
    try:
        cuda = ctypes.CDLL(names[sys.platform])
    except (KeyError, OSError):
        return {}
    code = cuda.cuInit(0)
    if code == NO_DEVICE:
        return {}
    if code:
        return {"fault": f"cuInit gives {_name(cuda, code)}"}
    count, version, device = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    name, total = ctypes.create_string_buffer(256), ctypes.c_size_t()
    code = cuda.cuDeviceGetCount(ctypes.byref(count))
    if not code and not count.value:
        return {}
    code = code or cuda.cuDriverGetVersion(ctypes.byref(version))
    code = code or cuda.cuDeviceGet(ctypes.byref(device), number)
    code = code or cuda.cuDeviceGetName(name, len(name), device)
    code = code or cuda.cuDeviceTotalMem_v2(ctypes.byref(total), device)
    if code:
        return {"fault": f"the driver gives {_name(cuda, code)}"}
    return {
        "name": name.value.decode("utf-8", "replace"),
        "capability": _capability(cuda, device),
        "capabilities": [_capability(cuda, _device(cuda, other)) for other in range(count.value)],
        "processors": _attribute(cuda, MULTIPROCESSORS, device),
        "memory_bytes": total.value,
        "free_bytes": _free(cuda, device),
        "cuda": [version.value // 1000, version.value % 1000 // 10],
        "driver": _driver(),
    }


def _device(cuda: ctypes.CDLL, number: int) -> ctypes.c_int:
    device = ctypes.c_int()
    cuda.cuDeviceGet(ctypes.byref(device), number)
    return device


def _capability(cuda: ctypes.CDLL, device: ctypes.c_int) -> list[int]:
    return [_attribute(cuda, MAJOR, device), _attribute(cuda, MINOR, device)]


def _attribute(cuda: ctypes.CDLL, number: int, device: ctypes.c_int) -> int:
    value = ctypes.c_int()
    cuda.cuDeviceGetAttribute(ctypes.byref(value), number, device)
    return value.value


def _free(cuda: ctypes.CDLL, device: ctypes.c_int) -> int:
    """Return the free memory in bytes; 0 if not even a context fits into it."""
    context, free, total = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_size_t()
    if cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device):
        return 0
    cuda.cuCtxSetCurrent(context)
    cuda.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
    cuda.cuDevicePrimaryCtxRelease_v2(device)
    return free.value


def _driver() -> str:
    """Return the driver's own version, such as 580.65.06; empty if it is not known."""
    try:
        nvml = ctypes.CDLL({"linux": "libnvidia-ml.so.1", "win32": "nvml.dll"}[sys.platform])
        text = ctypes.create_string_buffer(96)
        if nvml.nvmlInit_v2() or nvml.nvmlSystemGetDriverVersion(text, len(text)):
            return ""
    except (OSError, AttributeError):
        return ""
    return text.value.decode("ascii", "replace")


def _name(cuda: ctypes.CDLL, code: int) -> str:
    text = ctypes.c_char_p()
    cuda.cuGetErrorName(code, ctypes.byref(text))
    return (text.value or b"error").decode("ascii", "replace") + f" ({code})"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(ask(int(sys.argv[1]))))
