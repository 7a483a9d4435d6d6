"""Settings as files: a folder in which each file is called like a variable and holds its value, and nothing else.

So Kubernetes and compose hand secrets over: what is in a file is in no process listing and in no `env` of a shell.
"""

from pathlib import Path
from typing import Final

FOLDER_VARIABLE: Final = "WXDESK_SECRETS_DIR"


class FileRefused(Exception):
    """The folder or a file in it cannot be read. `name` is the variable to correct; nothing of a content is told."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class SecretFiles:
    """The files of one folder, each read when it is asked for; without a folder there is none.

    Files called like no variable are never looked at. Kubernetes' links (`AMQP_URL` → `..data/AMQP_URL`) are followed.
    """

    def __init__(self, folder: str | None) -> None:
        """Raises FileRefused where `folder` is named and is none."""
        self._folder = Path(folder) if folder else None
        if self._folder is not None and not self._folder.is_dir():
            raise FileRefused(FOLDER_VARIABLE, f"there is no folder {folder}; mount the secrets there, or unset it")

    def get(self, name: str) -> str | None:
        """The value of the variable `name`, without line ends after it; raises FileRefused."""
        if self._folder is None:
            return None
        path = self._folder / name
        try:
            return path.read_bytes().decode().rstrip("\r\n")
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise FileRefused(name, f"cannot read {path}: {failure.strerror}; let this process read it") from None
        except UnicodeDecodeError:
            raise FileRefused(name, f"{path} is not UTF-8 text") from None
