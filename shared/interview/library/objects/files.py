"""Files: uploads, signatures, what interviews make, documents in several formats, static files (spec/area4 §6.6)."""

from __future__ import annotations

import base64
import mimetypes
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from shared.interview.library.faults import DAError, DAException
from shared.interview.library.fetching import fetched, named_by
from shared.interview.library.file_desk import FileDesk
from shared.interview.library.links import static_path
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.document_work import ChangingDocumentWork, DocumentsWork, DocumentWork
from shared.interview.library.objects.lists import DAList
from shared.interview.runtime.run import current_run

_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml", "application/x-yaml"})
_MORE_TYPES = {
    "md": "text/markdown",
    "yml": "text/plain",
    "yaml": "text/plain",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "rtf": "application/rtf",
}
_TEMPORARY_SECONDS = 30.0


def mimetype_of(filename: str) -> str:
    """The MIME type that goes with the ending of a file name."""
    return _MORE_TYPES.get(_extension_of(filename)) or mimetypes.guess_type(filename)[0] or "application/octet-stream"


def is_text(mimetype: str) -> bool:
    """Whether a file of this kind holds text."""
    return mimetype.startswith("text/") or mimetype in _TEXT_TYPES


def _extension_of(filename: str) -> str:
    return PurePosixPath(filename).suffix.removeprefix(".").lower()


def _markup(reference: str, width: str | None, alt_text: str | None) -> str:
    """`[FILE reference, width, alt text]`."""
    parts = [reference]
    if width is not None or alt_text is not None:
        parts.append(str(width))
    if alt_text is not None:
        parts.append(alt_text)
    return f"[FILE {', '.join(parts)}]"


class _WithAltText(DAObject):
    """What can be described for those who do not see it."""

    def set_alt_text(self, alt_text: str) -> None:
        """What is read aloud in the place of a picture."""
        self.alt_text = alt_text

    def get_alt_text(self) -> str | None:
        """What is read aloud in the place of a picture, or None."""
        text = self.__dict__.get("alt_text")
        return None if text is None else str(text)


@public
class DAFile(ChangingDocumentWork, _WithAltText):
    """One file of the session. Its contents are kept by the server; here are its number, name and kind."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """`filename`, `mimetype`, `extension`, `number`; a file with a number is `ok`."""
        super().init(*arguments, **attributes)
        filename = self.__dict__.get("filename")
        if filename is not None:
            self.__dict__.setdefault("mimetype", mimetype_of(str(filename)))
            self.__dict__.setdefault("extension", _extension_of(str(filename)))
        if "number" in self.__dict__:
            self.__dict__.update(ok=True, initialized=True)
        self.__dict__.setdefault("ok", False)
        self.__dict__.setdefault("has_specific_filename", filename is not None)

    # Making and writing
    def initialize(self, **options: Any) -> None:
        """Begin a file: `filename`, `extension`, `mimetype`, `content`, `reinitialize`; one that is there stays."""
        for name in ("filename", "extension", "mimetype"):
            if options.get(name):
                setattr(self, name, str(options[name]))
        given = self.__dict__
        if given.get("filename"):
            given["filename"] = PurePosixPath(str(given["filename"]).replace("\\", "/")).name
            given["has_specific_filename"] = True
            given["extension"] = given.get("extension") or _extension_of(given["filename"])
            given.setdefault("mimetype", mimetype_of(given["filename"]))
        elif given.get("mimetype") and not given.get("extension"):
            given["extension"] = (mimetypes.guess_extension(str(self.mimetype)) or ".bin").removeprefix(".")
        given["extension"] = given.get("extension") or "txt"
        given["filename"] = given.get("filename") or f"file.{self.extension}"
        given["mimetype"] = given.get("mimetype") or mimetype_of(str(self.filename))
        if options.get("number"):
            given["number"] = int(options["number"])
        elif "number" not in given or options.get("reinitialize"):
            given["number"] = FileDesk.of().make(str(self.filename), str(self.mimetype)).number
        given.update(ok=True, initialized=True)
        if options.get("content") is not None:
            self.write(options["content"], binary=isinstance(options["content"], bytes))

    def write(self, content: Any, binary: bool = False) -> None:
        """Replace the contents by a text, or bytes when `binary`."""
        data = content if isinstance(content, bytes) else str(content).encode()
        Path(self.path()).write_bytes(data)

    def copy_into(self, other_file: Any) -> None:
        """Replace the contents by those of another file: an object, or a path."""
        if "number" not in self.__dict__:
            name = getattr(other_file, "filename", None) or PurePosixPath(str(_path_of(other_file))).name
            self.initialize(filename=name)
        shutil.copyfile(_path_of(other_file), self.path())

    def from_url(self, url: str) -> None:
        """Replace the contents by what is found at an address; a file without a name or kind gets those of it.

        Raises DAError when it cannot be fetched.
        """
        contents = fetched(url)
        if "number" not in self.__dict__:
            self.initialize(**named_by(str(url)))
        Path(self.path()).write_bytes(contents)

    def commit(self) -> None:
        """Keep what was written. Everything written is kept with the answers anyway."""
        self._needed()

    def retrieve(self) -> None:
        """Have the contents at hand."""
        self.path()

    # Reading
    def path(self) -> str:
        """Where a copy of the contents is, for this run; what is written to it is kept. Raises HostRefused."""
        self._needed()
        return str(FileDesk.of().path(int(self.number), str(self.__dict__.get("filename") or "")))

    def slurp(self, auto_decode: bool = True) -> Any:
        """The contents: text of text files, unless `auto_decode=False`, else bytes."""
        contents = Path(self.path()).read_bytes()
        return contents.decode() if auto_decode and is_text(str(self.mimetype)) else contents

    def readlines(self) -> list[str]:
        """The lines of a text file, with their ends."""
        return Path(self.path()).read_text(encoding="utf-8").splitlines(keepends=True)

    def size_in_bytes(self) -> int:
        """How large it is."""
        return Path(self.path()).stat().st_size

    def as_data_url(self) -> str:
        """The contents as an address of their own."""
        contents = Path(self.path()).read_bytes()
        return f"data:{self.mimetype};base64,{base64.b64encode(contents).decode()}"

    # Showing
    def __str__(self) -> str:
        return self.show()

    def show(self, width: str | None = None, alt_text: str | None = None, wait: bool = True) -> str:
        """Markup that shows the file."""
        if not self.ok:
            return str(self.initialized) if "initialized" not in self.__dict__ else ""
        FileDesk.of().file(int(self.number), str(self.__dict__.get("filename") or ""), str(self.mimetype))
        return _markup(str(self.number), width, alt_text if alt_text is not None else self.get_alt_text())

    def set_mimetype(self, mimetype: str) -> None:
        """Say what kind of file it is."""
        self.mimetype = mimetype
        self.extension = (mimetypes.guess_extension(mimetype) or "").removeprefix(".")

    def url_for(self, **options: Any) -> str:
        """The address of the file, for who may open the session: `external=True` makes it absolute, `attachment=True`
        downloads, `display_filename` names it. With `temporary=True` whoever has the address may open it, for
        `seconds` (30).
        """
        self._needed()
        name = str(options.get("display_filename") or self.__dict__.get("filename") or "")
        is_attachment = bool(options.get("attachment"))
        root = current_run().context.request.url_root
        rest = f"/{quote(name)}" if name else ""
        if options.get("temporary"):
            seconds = float(options.get("seconds") or _TEMPORARY_SECONDS)
            link = FileDesk.of().link(int(self.number), seconds, name, is_attachment=is_attachment)
            return f"{root}tempfile/{link}{rest}"
        is_external = options.get("external", options.get("_external", False))
        attached = "?attachment=1" if is_attachment else ""
        return f"{root if is_external else '/'}uploadedfile/{self.number}{rest}{attached}"

    # Who may see it, and how long it stays
    def set_attributes(self, **options: Any) -> None:
        """`private` and `persistent` (True or False), `filename`. Raises DAException for other values.

        `session` is taken and has no effect (spec/area2 §5.2): a file stays with the session whose key seals it.
        """
        self._needed()
        file = FileDesk.of().file(int(self.number))
        for name in ("private", "persistent"):
            if name in options:
                if not isinstance(options[name], bool):
                    raise DAException(f"set_attributes(): {name} must be True or False")
                setattr(self, name, options[name])
                setattr(file, f"is_{name}", options[name])
        if "filename" in options:
            filename = PurePosixPath(str(options["filename"]).replace("\\", "/")).name
            self.filename = filename or f"file.{self.extension}"
            self.__dict__.update(
                has_specific_filename=True, extension=_extension_of(self.filename), mimetype=mimetype_of(self.filename)
            )
            FileDesk.of().rename(int(self.number), self.filename, str(self.mimetype))

    def user_access(self, *users: Any, disallow: Any = None) -> dict[str, list[Any]] | None:
        """Let others open the file, by number or e-mail address of their account; without arguments: who may."""
        self._needed()
        ids, emails = self.__dict__.setdefault("_users", []), self.__dict__.setdefault("_emails", [])
        if not users and disallow is None:
            return {"user_ids": list(ids), "emails": list(emails), "temp_user_ids": []}
        if disallow == "all":
            ids.clear()
            emails.clear()
        for given in [] if disallow in (None, "all") else _listed(disallow):
            number, email = _person(given)
            ids[:] = [one for one in ids if one != number]
            emails[:] = [one for one in emails if one != email]
        for given in users:
            number, email = _person(given)
            if number is not None and number not in ids:
                ids.append(number)
            elif email and email not in emails:
                emails.append(email)
        self._share()
        return None

    def privilege_access(self, *privileges: str, disallow: Any = None) -> list[str] | None:
        """Let everybody with a privilege open the file; without arguments: which privileges."""
        self._needed()
        names = self.__dict__.setdefault("_privileges", [])
        if not privileges and disallow is None:
            return list(names)
        refused = [] if disallow is None else list(names) if disallow == "all" else _listed(disallow)
        names[:] = [name for name in names if name not in refused]
        names.extend(name for name in map(str, privileges) if name not in names)
        self._share()
        return None

    def _share(self) -> None:
        kept = self.__dict__
        users, emails, privileges = (tuple(kept.get(name, ())) for name in ("_users", "_emails", "_privileges"))
        FileDesk.of().file(int(self.number)).access = (users, emails, privileges)

    def _needed(self) -> None:
        """Have the file sought when it has not been made yet. Raises UndefinedAttribute."""
        if "number" not in self.__dict__:
            _ = self.initialized
            raise DAError(f"{self.instanceName} has no contents: use initialize() first")


@public
class DAFileList(DocumentsWork, DAList):
    """Files that belong together, e.g. what was uploaded in one field."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A list of files, complete once each is initialized."""
        super().init(*arguments, **{"object_type": DAFile, "complete_attribute": "initialized", **attributes})

    def __str__(self) -> str:
        return self.show()

    def _word_files(self) -> list[DAFile]:
        return list(self)

    def show(self, width: str | None = None, alt_text: str | None = None) -> str:
        """Markup that shows all files."""
        return " ".join(element.show(width=width, alt_text=alt_text) for element in self)

    def url_for(self, **options: Any) -> str:
        """The address of the first file."""
        return str(self[0].url_for(**options))

    def path(self) -> str:
        """Where the contents of the first file are."""
        return str(self[0].path())

    def slurp(self, auto_decode: bool = True) -> Any:
        """The contents of the first file."""
        return self[0].slurp(auto_decode=auto_decode)

    def readlines(self) -> list[str]:
        """The lines of the first file."""
        return list(self[0].readlines())

    def num_pages(self) -> int:
        """Number of pages of all files together."""
        return sum(element.num_pages() for element in self)

    def size_in_bytes(self) -> int:
        """Size of all files together."""
        return sum(element.size_in_bytes() for element in self)

    def is_encrypted(self) -> bool:
        """Whether one of them is a PDF that needs a password."""
        return any(element.is_encrypted() for element in self)

    def convert_to(self, output_extension: str, output_to: Any = None) -> None:
        """Make each of them a file of another kind. Raises NotConvertible, DocumentUnreadable."""
        for element in self:
            element.convert_to(output_extension, output_to=output_to)

    def fix_up(self) -> None:
        """Mend each of them. Raises DocumentUnreadable."""
        for element in self:
            element.fix_up()

    def bates_number(self, *others: Any, **options: Any) -> None:
        """Number the pages of all files on end, each file a PDF of its own (`DAFile.bates_number`)."""
        from shared.interview.library.document_numbers import numbered

        start = int(options.get("start", 1))
        for element in [*self, *others]:
            start += numbered([element], element, {**options, "start": start})

    def make_pngs(self) -> None:
        """Have pictures of the pages made."""
        for element in self:
            element.make_pngs()

    def pngs_ready(self) -> bool:
        """Whether pictures of the pages can be had."""
        return True

    def page_path(self, page: int, prefix: str = "page", wait: bool = True) -> Any:
        """Where a picture of a page of the first file is."""
        return self[0].page_path(page, prefix=prefix, wait=wait)

    def get_pdf_fields(self) -> list[tuple[Any, ...]]:
        """The form fields of all files."""
        return [field for element in self for field in element.get_pdf_fields()]

    def get_docx_variables(self) -> list[str]:
        """The variables that the files mention as templates, sorted."""
        return sorted({name for element in self for name in element.get_docx_variables()})

    def copy_into(self, other_file: Any) -> None:
        """Replace the contents of the first file."""
        self[0].copy_into(other_file)

    def set_mimetype(self, mimetype: str) -> None:
        """Say what kind of file the first one is."""
        self[0].set_mimetype(mimetype)

    def as_data_url(self) -> str:
        """The contents of the first file as an address of their own."""
        return str(self[0].as_data_url())

    def set_alt_text(self, alt_text: str) -> None:
        """Describe every file."""
        for element in self:
            element.set_alt_text(alt_text)

    def get_alt_text(self) -> str | None:
        """The description of the first file."""
        return next((element.get_alt_text() for element in self), None)

    def set_attributes(self, **options: Any) -> None:
        """Set them on every file."""
        for element in self:
            element.set_attributes(**options)

    def user_access(self, *users: Any, disallow: Any = None) -> Any:
        """Set it on every file; without arguments, of the first one."""
        return _first_of(element.user_access(*users, disallow=disallow) for element in self)

    def privilege_access(self, *privileges: str, disallow: Any = None) -> Any:
        """Set it on every file; without arguments, of the first one."""
        return _first_of(element.privilege_access(*privileges, disallow=disallow) for element in self)

    @property
    def filename(self) -> str:
        """The name of the first file."""
        return str(self[0].filename)


@public
class DAFileCollection(DocumentsWork, DAObject):
    """One document in several formats: `pdf`, `docx`, `rtf`, … each a DAFile."""

    FORMATS = ("pdf", "docx", "rtf", "rtf_to_docx", "md", "html", "tex", "raw")

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A collection with what is known about the document in `info`."""
        self.__dict__["info"] = {}
        super().init(*arguments, **attributes)

    def _word_files(self) -> list[DAFile]:
        return [self.__dict__.get("docx") or self._first()]

    def _files(self) -> list[DAFile]:
        """The files, in the order they were made; those an author has put here, in the order of FORMATS."""
        names = dict.fromkeys((*self.info.get("attributes", ()), *self.FORMATS))
        return [self.__dict__[name] for name in names if name in self.__dict__]

    def _first(self) -> DAFile:
        for file in self._files():
            return file
        raise DAError(f"{self.instanceName} holds no document yet")

    def _preferred(self, formats: Iterable[str]) -> DAFile:
        """The first of these formats that is there, else the first there is. Seeks it when there is none yet."""
        for name in formats:
            if name in self.__dict__:
                return self.__dict__[name]  # type: ignore[no-any-return]
        return self._first()

    def num_pages(self) -> int:
        """Number of pages of the PDF, else of the first format."""
        return self._preferred(("pdf",)).num_pages()

    def is_encrypted(self) -> bool:
        """Whether its PDF needs a password."""
        return self._preferred(("pdf",)).is_encrypted()

    def get_pdf_fields(self) -> list[tuple[Any, ...]]:
        """The form fields of its PDF."""
        return self._preferred(("pdf",)).get_pdf_fields()

    def get_docx_variables(self) -> list[str]:
        """The variables that its DOCX mentions as a template."""
        return self._preferred(("docx",)).get_docx_variables()

    def bates_number(self, *others: Any, **options: Any) -> None:
        """Number the pages of its PDF, which is made if there is none."""
        if "pdf" not in self.__dict__:
            self.pdf = self.as_pdf()
        self.pdf.bates_number(*others, **options)

    def convert_to(self, output_extension: str, output_to: Any = None) -> None:
        """Make its first format a file of another kind."""
        self._first().convert_to(output_extension, output_to=output_to)

    def fix_up(self) -> None:
        """Mend every format."""
        for file in self._files():
            file.fix_up()

    def page_path(self, page: int, prefix: str = "page", wait: bool = True) -> Any:
        """Where a picture of a page of its PDF is."""
        return self._preferred(("pdf",)).page_path(page, prefix=prefix, wait=wait)

    def make_pngs(self) -> None:
        """Have pictures of the pages made."""

    def pngs_ready(self) -> bool:
        """Whether pictures of the pages can be had."""
        return True

    def slurp(self, auto_decode: bool = True) -> Any:
        """The contents of the first format."""
        return self._first().slurp(auto_decode=auto_decode)

    def size_in_bytes(self) -> int:
        """Size of all formats together."""
        return sum(file.size_in_bytes() for file in self._files())

    def set_alt_text(self, alt_text: str) -> None:
        """Describe every format."""
        for file in self._files():
            file.set_alt_text(alt_text)

    def get_alt_text(self) -> str | None:
        """The description of the first format."""
        return next((file.get_alt_text() for file in self._files()), None)

    def url_for(self, **options: Any) -> str:
        """The address of the first format."""
        return self._first().url_for(**options)

    def path(self) -> str:
        """Where the contents of the first format are."""
        return self._first().path()

    def set_attributes(self, **options: Any) -> None:
        """Set them on every format."""
        for file in self._files():
            file.set_attributes(**options)

    def user_access(self, *users: Any, disallow: Any = None) -> Any:
        """Set it on every format; without arguments, of the first one."""
        return _first_of(file.user_access(*users, disallow=disallow) for file in self._files())

    def privilege_access(self, *privileges: str, disallow: Any = None) -> Any:
        """Set it on every format; without arguments, of the first one."""
        return _first_of(file.privilege_access(*privileges, disallow=disallow) for file in self._files())

    def show(self, **options: Any) -> str:
        """Markup that shows every format."""
        return " ".join(file.show(**options) for file in self._files())

    def __str__(self) -> str:
        return self.show()


@public
class DAStaticFile(DocumentWork, _WithAltText):
    """A file of a package, in `data/static` unless its name says more: `DAStaticFile(filename='package:file.png')`."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Kind and ending follow from the file name."""
        super().init(*arguments, **attributes)
        filename = self.__dict__.get("filename")
        if filename is not None:
            name = str(filename).rpartition(":")[2]
            self.__dict__.setdefault("mimetype", mimetype_of(name))
            self.__dict__.setdefault("extension", _extension_of(name))

    def show(self, width: str | None = None, alt_text: str | None = None, **_: Any) -> str:
        """Markup that shows the file."""
        return _markup(self._reference(), width, alt_text if alt_text is not None else self.get_alt_text())

    def _reference(self) -> str:
        name = str(self.filename)
        if ":" in name:
            return name
        return f"{current_run().interview.package}:{name if name.startswith('data/') else f'data/static/{name}'}"

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
        return contents.decode() if auto_decode and is_text(str(self.mimetype)) else contents

    def readlines(self) -> list[str]:
        """The lines of a text file, with their ends."""
        return self._file().read_text(encoding="utf-8").splitlines(keepends=True)

    def size_in_bytes(self) -> int:
        """How large it is."""
        return self._file().stat().st_size

    def __str__(self) -> str:
        return self.show()


def _path_of(thing: Any) -> str:
    path = getattr(thing, "path", None)
    return str(path() if callable(path) else thing)


def _first_of(answers: Iterable[Any]) -> Any:
    """What the first file says, once all of them have been asked."""
    return next(iter(list(answers)), None)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]


def account_names(given: Any) -> list[int | str]:
    """Accounts or privileges as plain data: numbers, addresses, names; of persons of the interview, their addresses.

    `given` is one of them, or any collection of them.
    """
    many = [given] if isinstance(given, str | int) or hasattr(given, "email") else _listed(given)
    found = [number if number is not None else name for number, name in map(_person, many)]
    return [one for one in found if one != ""]


def _person(given: Any) -> tuple[int | None, str]:
    """The number of an account or an address; of a person of the interview, the address."""
    if isinstance(given, int) or (isinstance(given, str) and given.isdigit()):
        return int(given), ""
    email = given if isinstance(given, str) else getattr(given, "email", "")
    return None, str(email).strip()
