"""Runs ONNX files through onnxruntime on one thread, as every golden value here was made."""

import onnxruntime


def open_session(path_or_bytes, threads=1):
    """An onnxruntime session on the CPU, without spinning threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    model = path_or_bytes if isinstance(path_or_bytes, bytes) else str(path_or_bytes)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run_named(session, tensor):
    """All outputs by name, of a model with one input."""
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: tensor}), strict=True))
