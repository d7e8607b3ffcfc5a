"""``emoreport features VIDEO|FOLDER``: what the models' last layers know of face and voice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from emoreport.cli.analyze import analyze_videos
from emoreport.cli.batch import BatchOptions, exit_code, run_folder
from emoreport.cli.console import dim_line, error_line, shown, warning_line
from emoreport.cli.options import Config, Quiet, Verbose, settings_from, with_settings
from emoreport.errors import (
    EXIT_OK,
    EXIT_VIDEO_FAILED,
    EmoreportError,
    InputNotFoundError,
    SettingsError,
)
from emoreport.messages import Words
from emoreport.settings import OPTIONS, POINTS_ALIGNMENT

if TYPE_CHECKING:
    from emoreport.batch.runner import BatchResult
    from emoreport.run.report import Report
    from emoreport.settings import Settings

_word: Final = Words("cli.features")

SETTINGS: Final = tuple(name for name in OPTIONS if name != "features")
USUAL: Final = {"formats": ("parquet",)}
"""Features are for programs: the tables for people come when they are asked for."""
ALIGNED: Final = {"face_alignment": POINTS_ALIGNMENT}
"""The pictures that competitions give out are aligned by points."""

Source = Annotated[
    str, typer.Argument(metavar="VIDEO|FOLDER", help="features.source", show_default=False)
]
Videos = Annotated[
    Path | None,
    typer.Option("--videos", metavar="FOLDER", help="features.videos", show_default=False),
]
Rate = Annotated[
    float | None,
    typer.Option(
        "--rate", min=0.001, max=1000, metavar="HZ", help="features.rate", show_default=False
    ),
]
Joins = Annotated[
    list[Path] | None,
    typer.Option("--join", metavar="PATH", help="features.join", show_default=False),
]


@with_settings(SETTINGS)
def features(
    *,
    source: Source,
    videos: Videos = None,
    rate: Rate = None,
    join: Joins = None,
    of_batch: BatchOptions,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Write features.parquet of a video, or of every video below a folder."""
    wanted = {**options, "features": True}
    of_pictures = holds_pictures(source)
    settings = settings_from(wanted, config, USUAL | ALIGNED if of_pictures else USUAL)
    joining = Joining(tuple(join or ()), settings.output.lang, quiet=quiet)
    joining.check(of_one=Path(source).is_file(), out=settings.output.out)
    if of_pictures:
        return _of_pictures(Path(source), settings, videos, rate, joining)
    for flag, value in (("--videos", videos), ("--rate", rate)):
        if value is not None:
            raise SettingsError("cli.only_pictures", flag=flag)
    if Path(source).is_file():
        return _of_video(Path(source), settings, joining, verbose=verbose)
    done = run_folder(source, settings, of_batch, quiet=quiet, verbose=verbose)
    return max(exit_code(done), _finish(done, settings, joining))


def _of_video(video: Path, settings: Settings, joining: Joining, *, verbose: bool) -> int:
    lang, quiet = settings.output.lang, joining.quiet

    def tell(folder: Path, report: Report | None) -> None:
        for line in () if report is None else report.warnings(lang):
            warning_line(f"{video.name}: {line}")
        joining.join(folder, video.stem)
        if not quiet:
            _tell(folder, lang)

    return analyze_videos([video], settings, quiet=quiet, verbose=verbose, tell=tell)


@dataclass(frozen=True, slots=True)
class Joining:
    """CSV files of other programs that are joined to features.

    Attributes
    ----------
    paths
        Files, or folders in which a video has the file of its name.
    lang, quiet
        As for the command.
    """

    paths: tuple[Path, ...]
    lang: str
    quiet: bool

    def check(self, *, of_one: bool, out: str) -> None:
        """Refuse what cannot be joined, before anything is analysed.

        Raises
        ------
        InputNotFoundError, SettingsError
            When a path is not there, or one file is to be joined to several videos, or the results
            are not on this machine.
        """
        from emoreport.batch.remote.stores import is_url

        for path in self.paths:
            if not path.exists():
                raise InputNotFoundError("file.missing", file=path)
            if not of_one and not path.is_dir():
                raise SettingsError("join.one_file", file=path)
        if self.paths and is_url(out):
            raise SettingsError("join.remote", file=out)

    def join(self, folder: Path, stem: str) -> None:
        """Join to the features in a folder what was measured of the video of this stem.

        Raises
        ------
        EmoreportError
            One of its children, when a file cannot be read or the features cannot be written.
        """
        from emoreport.exchange.readers.measured_faces import read_measured_faces
        from emoreport.tables.feature_files import FEATURES_FILE
        from emoreport.tables.feature_join import join_measured

        for path in self.paths:
            file = path / f"{stem}.csv" if path.is_dir() else path
            if not file.is_file():
                warning_line(f"{file}: {_word('not_there', self.lang)}")
                continue
            measured = read_measured_faces(file)
            known, rows = join_measured(folder / FEATURES_FILE, measured)
            if not self.quiet:
                columns = len(measured.columns)
                facts = {"program": measured.program, "columns": columns, "known": known}
                print(shown(_word("joined", self.lang, file=file, rows=rows, **facts)))


def holds_pictures(source: str) -> bool:
    """Whether a folder is one of face pictures, or holds such folders and no video beside them."""
    from emoreport.batch.discovery import SUFFIXES
    from emoreport.corpora.cropped_aligned import is_picture_folder

    folder = Path(source)
    if not folder.is_dir():
        return False
    inside = sorted(folder.iterdir())
    if any(path.suffix.lower() in SUFFIXES for path in inside):
        return False
    return is_picture_folder(folder) or any(
        is_picture_folder(path) for path in inside if path.is_dir()
    )


def _of_pictures(
    folder: Path, settings: Settings, videos: Path | None, rate: float | None, joining: Joining
) -> int:
    from emoreport.cli.pull_display import PullDisplay
    from emoreport.corpora.picture_features import PictureReader, Times

    lang, quiet = settings.output.lang, joining.quiet
    if (videos is None) == (rate is None):
        raise SettingsError("cli.no_times", file=folder)
    if videos is not None and not videos.is_dir():
        raise InputNotFoundError("corpora.not_there", file=videos)

    def announce(line: str) -> None:
        if not quiet:
            dim_line(line)

    with PullDisplay(lang=lang, quiet=quiet) as pulls:
        reader = PictureReader(settings, Times(videos, rate), announce, pulls)
    worst = EXIT_OK
    for written in reader.read_all(folder):
        if written.error is None:
            worst = max(worst, _close(written.folder, written.folder.name, joining))
        else:
            error_line(str(written.error.with_file(folder / written.folder.name)))
            worst = EXIT_VIDEO_FAILED
    return worst


def _close(folder: Path, stem: str, joining: Joining) -> int:
    """Join what is to be joined and print where the features are; return the exit code."""
    try:
        joining.join(folder, stem)
    except EmoreportError as error:
        error_line(str(error))
        return EXIT_VIDEO_FAILED
    if not joining.quiet:
        _tell(folder, joining.lang)
    return EXIT_OK


def _finish(done: BatchResult, settings: Settings, joining: Joining) -> int:
    """Close each video of a batch; behind a URL nothing more is known of its features."""
    from emoreport.tables.feature_files import FEATURES_FILE

    out, worst = settings.output.out, EXIT_OK
    for talk in done.talks:
        if not talk.counted or talk.record is None:
            continue
        folder = Path(out, talk.record.folder)
        if (folder / FEATURES_FILE).is_file():
            worst = max(worst, _close(folder, Path(talk.name).stem, joining))
        elif not joining.quiet:
            print(shown(f"{out.rstrip('/')}/{talk.record.folder}/{FEATURES_FILE}"))
    return worst


def _tell(folder: Path, lang: str) -> None:
    """Print where the features are, how many there are, and which models made them."""
    from emoreport.tables.feature_files import FEATURES_FILE, read_sources, row_counts

    path = folder / FEATURES_FILE
    counts = row_counts(path)
    parts = [
        _word(
            modality,
            lang,
            rows=counts[modality],
            width=source.width,
            model=" ".join(filter(None, (source.model, source.version, source.layer))),
        )
        for modality, source in read_sources(path).items()
    ]
    print(shown(_word("line", lang, file=path, parts="; ".join(parts))), flush=True)
