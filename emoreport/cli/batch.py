"""``emoreport batch FOLDER``: analyse every video below a folder, with tables of them all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from emoreport.cli.console import note_line
from emoreport.cli.options import Config, Encoding, Quiet, Verbose, settings_from, with_settings
from emoreport.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_VIDEO_FAILED
from emoreport.messages import Words

if TYPE_CHECKING:
    from emoreport.batch.engine import Engine, Watcher
    from emoreport.batch.runner import BatchResult
    from emoreport.settings import Settings

_word: Final = Words("batch.line")

Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="batch.folder", show_default=False)]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        metavar="N",
        help="batch.jobs",
        show_default=False,
    ),
]
EngineName = Annotated[str, typer.Option("--engine", metavar="NAME", help="batch.engine")]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        metavar="HOST:PORT",
        help="batch.ray_address",
        show_default=False,
    ),
]
RayGpusPerActor = Annotated[
    float,
    typer.Option(
        "--ray-gpus-per-actor",
        min=0,
        metavar="SHARE",
        help="batch.ray_gpus_per_actor",
    ),
]
ShardText = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="batch.shard",
        show_default=False,
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="GLOB",
        help="batch.include",
        show_default=False,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="GLOB",
        help="batch.exclude",
        show_default=False,
    ),
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="batch.retry_failed")]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        min=1,
        metavar="SECONDS",
        help="batch.time_limit",
        show_default=False,
    ),
]
MemoryLimit = Annotated[
    float | None,
    typer.Option(
        "--memory-limit",
        min=100,
        metavar="MB",
        help="batch.memory_limit",
        show_default=False,
    ),
]
MetadataFile = Annotated[
    Path | None,
    typer.Option(
        "--metadata",
        metavar="FILE",
        help="batch.metadata",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class BatchOptions:
    """Options of every command that works on a folder of videos."""

    jobs: Jobs = None
    engine: EngineName = "local"
    ray_address: RayAddress = None
    ray_gpus_per_actor: RayGpusPerActor = 0.0
    shard: ShardText = None
    include: Include = None
    exclude: Exclude = None
    retry_failed: RetryFailed = False
    time_limit: TimeLimit = None
    memory_limit: MemoryLimit = None
    metadata: MetadataFile = None
    encoding: Encoding = None


@with_settings()
def batch(
    *,
    folder: Folder,
    of_batch: BatchOptions,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Analyse every video below FOLDER; a broken one costs itself only.

    The tables of each video go to a folder of <out>, those of all together beside them: summary
    (.csv, .xlsx, .parquet), intervals.parquet, failures.csv and the overview batch.html. The same
    command again goes on where an earlier one ended, however that was; videos that changed, or all
    when settings or models changed, are done again.
    """
    from emoreport.words.choosing import usual_transcript

    settings = settings_from(options, config, usual_transcript())
    done = run_folder(folder, settings, of_batch, quiet=quiet, verbose=verbose)
    if not quiet:
        _close(done, settings.output.out, settings.output.lang)
    return exit_code(done)


def run_folder(
    folder: str, settings: Settings, options: BatchOptions, *, quiet: bool, verbose: bool
) -> BatchResult:
    """Analyse every video below a folder."""
    from emoreport.batch.anywhere import run_anywhere, source_folder
    from emoreport.batch.engine import Limits
    from emoreport.batch.engines.choice import EngineOptions, make_engine
    from emoreport.batch.plan import Choices
    from emoreport.batch.runner import BatchRequest
    from emoreport.batch.sharding import Shard
    from emoreport.cli.batch_display import BatchDisplay

    engine_options = EngineOptions(
        jobs=options.jobs,
        limits=Limits(time_s=options.time_limit, memory_mb=options.memory_limit),
        ray_address=options.ray_address,
        ray_gpus_per_actor=options.ray_gpus_per_actor,
    )
    request = BatchRequest(
        folder=source_folder(folder),
        settings=settings,
        include=tuple(options.include or ()),
        exclude=tuple(options.exclude or ()),
        choices=Choices(overwrite=settings.output.overwrite, retry_failed=options.retry_failed),
        metadata=options.metadata,
        encoding=options.encoding,
        shard=Shard.parse(options.shard) if options.shard else None,
    )

    def make(chosen: Settings, watcher: Watcher) -> Engine:
        return make_engine(options.engine, chosen, engine_options, watcher)

    lang = settings.output.lang
    with BatchDisplay(request.folder, lang=lang, quiet=quiet, verbose=verbose) as display:
        return run_anywhere(request, display, make)


def exit_code(result: BatchResult) -> int:
    """What a command says of a batch when it ends."""
    if result.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_VIDEO_FAILED if result.counts["failed"] else EXIT_OK


def _close(result: BatchResult, out: str, lang: str) -> None:
    counts = result.counts
    print(
        _word(
            "closing",
            lang,
            finished=counts["finished"],
            failed=counts["failed"],
            other=counts["copy"] + counts["no_video"],
            waiting=counts["waiting"],
        )
    )
    print(_word("tables", lang, folder=out))
    if result.interrupted:
        note_line(_word("interrupted", lang, waiting=counts["waiting"]))
