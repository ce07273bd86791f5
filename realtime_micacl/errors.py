"""The errors that are meant for people, with their exit codes.

MicaclError            exit code 1
├── ConfigError        2   an argument, a setting or a recipe is wrong
├── SourceError        3   the camera, stream or file cannot be opened or read
│   └── SourceLost         it worked and was lost; a live source is opened again
├── EngineError        4   the engine is missing, damaged or does not fit
│   └── EngineLost         the server that it runs on is away; it is tried again
├── StageFailed        5   a stage of the running program raised; the cause is chained
└── SomeFailed         6   of many clips some could not be read, the others were

A message says what was asked, what was found, and the command that mends it.
"""


class MicaclError(Exception):
    """Base of every error that is meant for a person."""

    exit_code = 1


class ConfigError(MicaclError):
    """An argument, a setting or a recipe is wrong."""

    exit_code = 2


class SourceError(MicaclError):
    """A camera, stream or file cannot be opened or read."""

    exit_code = 3


class SourceLost(SourceError):
    """A live source that worked has gone."""


class EngineError(MicaclError):
    """An engine is missing, damaged or does not fit this program."""

    exit_code = 4


class EngineLost(EngineError):
    """The server that an engine runs on is away."""


class StageFailed(MicaclError):
    """A stage of the running program raised; the cause is chained."""

    exit_code = 5


class SomeFailed(MicaclError):
    """Of many clips some could not be read; the readings of the others are there."""

    exit_code = 6
