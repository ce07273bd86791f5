"""The engine on NVIDIA Triton: the client, and the model repository that its server reads."""
