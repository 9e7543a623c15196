"""Files, as interviews hold them (spec/area4 §6.6): a number in the file store and what is known about it.

The contents are not here yet: what needs them says so. Static files of interview packages work in full.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.library.links import static_path
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList
from shared.interview.runtime.run import current_run


def _not_here_yet(what: str) -> DAError:
    return DAError(f"{what} is not available on this server: it keeps no contents of files yet")


def mimetype_of(filename: str) -> str:
    """The MIME type that goes with the ending of a file name."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


@public
class DAFile(DAObject):
    """One file of the session."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """`filename`, `mimetype`, `extension`, `number`; a file with a number is `ok`."""
        super().init(*arguments, **attributes)
        filename = self.__dict__.get("filename")
        if filename is not None:
            self.__dict__.setdefault("mimetype", mimetype_of(str(filename)))
            self.__dict__.setdefault("extension", PurePosixPath(str(filename)).suffix.removeprefix(".").lower())
        if "number" in self.__dict__:
            self.__dict__.update(ok=True, initialized=True)
        self.__dict__.setdefault("ok", False)
        self.__dict__.setdefault("has_specific_filename", filename is not None)

    def __str__(self) -> str:
        return self.show()

    def show(self, width: str | None = None, alt_text: str | None = None, wait: bool = True) -> str:
        """Markup that shows the file."""
        if not self.ok:
            return str(self.initialized) if "initialized" not in self.__dict__ else ""
        alt = alt_text if alt_text is not None else self.get_alt_text()
        parts = [str(self.number)]
        if width is not None or alt is not None:
            parts.append(str(width))
        if alt is not None:
            parts.append(str(alt))
        return f"[FILE {', '.join(parts)}]"

    def set_alt_text(self, alt_text: str) -> None:
        """What is read aloud in the place of a picture."""
        self.alt_text = alt_text

    def get_alt_text(self) -> str | None:
        """What is read aloud in the place of a picture, or None."""
        text = self.__dict__.get("alt_text")
        return None if text is None else str(text)

    def set_mimetype(self, mimetype: str) -> None:
        """Say what kind of file it is."""
        self.mimetype = mimetype
        self.extension = (mimetypes.guess_extension(mimetype) or "").removeprefix(".")

    def url_for(self, **options: Any) -> str:
        """The address of the file; `external=True` makes it absolute, `attachment=True` downloads."""
        if "number" not in self.__dict__:
            _ = self.initialized
        request = current_run().context.request
        is_external = options.get("external", options.get("_external", False))
        root = request.url_root if is_external else "/"
        attached = "?attachment=1" if options.get("attachment") else ""
        return f"{root}uploadedfile/{self.number}{attached}"

    def initialize(self, **_: Any) -> None:
        """Begin a new file. Raises DAError: there is no file store yet."""
        raise _not_here_yet("Making a file")

    def path(self) -> str:
        """Where the contents are. Raises DAError: there is no file store yet."""
        raise _not_here_yet("Reading a file")

    def slurp(self, **_: Any) -> Any:
        """The contents. Raises DAError: there is no file store yet."""
        raise _not_here_yet("Reading a file")

    def write(self, *_: Any, **__: Any) -> None:
        """Replace the contents. Raises DAError: there is no file store yet."""
        raise _not_here_yet("Writing a file")


@public
class DAFileList(DAList):
    """Files that belong together, e.g. what was uploaded in one field."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A list of files, complete once each is initialized."""
        super().init(*arguments, **{"object_type": DAFile, "complete_attribute": "initialized", **attributes})

    def __str__(self) -> str:
        return self.show()

    def show(self, width: str | None = None, alt_text: str | None = None) -> str:
        """Markup that shows all files."""
        return " ".join(element.show(width=width, alt_text=alt_text) for element in self)

    def url_for(self, **options: Any) -> str:
        """The address of the first file."""
        return str(self[0].url_for(**options))

    def path(self) -> str:
        """Where the contents of the first file are."""
        return str(self[0].path())

    def slurp(self, **options: Any) -> Any:
        """The contents of the first file."""
        return self[0].slurp(**options)

    @property
    def filename(self) -> str:
        """The name of the first file."""
        return str(self[0].filename)


@public
class DAFileCollection(DAObject):
    """One document in several formats: `pdf`, `docx`, `rtf`, … each a DAFile."""

    FORMATS = ("pdf", "docx", "rtf", "rtf_to_docx", "md", "html", "tex", "raw")

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A collection with what is known about the document in `info`."""
        self.__dict__["info"] = {}
        super().init(*arguments, **attributes)

    def _files(self) -> list[DAFile]:
        return [self.__dict__[name] for name in self.FORMATS if name in self.__dict__]

    def num_pages(self) -> int:
        """Number of pages. Raises DAError: there is no file store yet."""
        raise _not_here_yet("Counting pages")

    def url_for(self, **options: Any) -> str:
        """The address of the first format."""
        for file in self._files():
            return file.url_for(**options)
        raise DAError(f"{self.instanceName} holds no document yet")

    def show(self, **options: Any) -> str:
        """Markup that shows every format."""
        return " ".join(file.show(**options) for file in self._files())

    def __str__(self) -> str:
        return self.show()


@public
class DAStaticFile(DAObject):
    """A file in the `data/static` folder of an interview package: `DAStaticFile(filename='package:file.png')`."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Kind and ending follow from the file name."""
        super().init(*arguments, **attributes)
        filename = self.__dict__.get("filename")
        if filename is not None:
            name = str(filename).rpartition(":")[2]
            self.__dict__.setdefault("mimetype", mimetype_of(name))
            self.__dict__.setdefault("extension", PurePosixPath(name).suffix.removeprefix(".").lower())

    def get_alt_text(self) -> str | None:
        """What is read aloud in the place of a picture, or None."""
        text = self.__dict__.get("alt_text")
        return None if text is None else str(text)

    def set_alt_text(self, alt_text: str) -> None:
        """What is read aloud in the place of a picture."""
        self.alt_text = alt_text

    def show(self, width: str | None = None, alt_text: str | None = None, **_: Any) -> str:
        """Markup that shows the file."""
        alt = alt_text if alt_text is not None else self.get_alt_text()
        parts = [self._reference()]
        if width is not None or alt is not None:
            parts.append(str(width))
        if alt is not None:
            parts.append(str(alt))
        return f"[FILE {', '.join(parts)}]"

    def _reference(self) -> str:
        name = str(self.filename)
        if ":" in name:
            return name
        return f"{current_run().interview.package}:data/static/{name.removeprefix('data/static/')}"

    def url_for(self, **options: Any) -> str:
        """The address of the file; `external=True` or `_external=True` makes it absolute."""
        run = current_run()
        root = run.context.request.url_root if options.get("external", options.get("_external", False)) else "/"
        return root + static_path(run, str(self.filename)) + ("?attachment=1" if options.get("attachment") else "")

    def _file(self) -> Path:
        from shared.interview.library.package_files import package_file

        return package_file(self._reference(), "static")

    def path(self) -> str:
        """Where the file is. Raises DAError when there is none."""
        return str(self._file())

    def slurp(self, auto_decode: bool = True) -> Any:
        """The contents: text of text files, unless `auto_decode=False`, else bytes. Raises DAError."""
        contents = self._file().read_bytes()
        is_text = str(self.mimetype).startswith("text/") or self.mimetype in (
            "application/json",
            "application/javascript",
        )
        return contents.decode() if auto_decode and is_text else contents

    def __str__(self) -> str:
        return self.show()
