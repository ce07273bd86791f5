"""What can be seen of the real TensorRT-RTX package without a GPU."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import onnxruntime as ort
import pytest

from realtime_micacl.inference.gpu import card, rtx_engine

PACKAGE = card.PACKAGES["tensorrt-rtx"][0]


@pytest.mark.skipif(find_spec(PACKAGE) is None, reason="there is no TensorRT for RTX for this system")
class TestThePackage:
    """What can be seen of the real package without a GPU."""

    @pytest.mark.parametrize("faults", [{"DEVICES": 0}, {"CAPABILITY": 90}, {"CUDA": 12080, "CAPABILITY": 89}])
    def test_without_such_a_card_nothing_of_it_is_loaded(self, driver: Callable[..., None], faults: dict) -> None:
        driver(**faults)
        code = (
            "import sys; from realtime_micacl.inference.choice import default_engine, open_engine; "
            "from realtime_micacl.inference.sidecar import read_sidecar; "
            "print(type(open_engine(*read_sidecar(default_engine()))).__name__); "
            f"print({PACKAGE!r} in sys.modules, 'tensorrt_rtx' in open('/proc/self/maps').read())"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.split() == ["OnnxEngine", "False", "False"]

    def test_a_card_that_cannot_be_used_ends_the_program_in_words(self, driver: Callable[..., None]) -> None:
        """The driver of paper has no libnvidia-ml, which the plug-in wants."""
        driver(CAPABILITY=89)
        command = [sys.executable, "-m", "realtime_micacl", "--source", "demo", "--offline", "--device", "tensorrt-rtx"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 4
        assert "tensorrt-rtx cannot run the engine 'default'" in done.stderr
        assert "use --device cpu" in done.stderr
        assert "Traceback" not in done.stderr

    def test_doctor_says_that_it_fits_and_what_became_of_it(self, driver: Callable[..., None]) -> None:
        driver(CAPABILITY=89)
        command = [sys.executable, "-m", "realtime_micacl", "doctor", "--tensorrt"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        said = dict(re.findall(r"^(?:ok|MISSING|-) +((?:try )?\S+) +(.*)$", done.stdout, re.MULTILINE))
        assert said["tensorrt-rtx"].startswith(f"--device tensorrt-rtx fits: onnxruntime {ort.__version__}, onnxrun")
        assert "libnvidia-ml.so.1" in said["try tensorrt-rtx"]
        assert done.returncode == 4

    def test_its_options_are_the_ones_that_are_set(self) -> None:
        spec = find_spec(PACKAGE)
        assert spec
        assert spec.origin
        known = (Path(spec.origin).parent / "tensorrt_rtx_provider_options.h").read_text()
        source = Path(rtx_engine.__file__).read_text()
        for option in ("nv_profile_min_shapes", "nv_profile_opt_shapes", "nv_profile_max_shapes"):
            assert f'"{option}"' in known
        assert 'f"nv_profile_{which}_shapes"' in source
        assert list(rtx_engine.BATCHES) == ["min", "opt", "max"]
        assert '"nv_runtime_cache_path"' in known
        assert "nv_runtime_cache_path" in source
