"""Features of faces that others have cut out already: one picture of a frame, one row.

The pictures carry no times. Those of the video that they were cut from are read from it; without
it the user says at which rate they were taken.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from emoreport.atomic import Staging
from emoreport.corpora.abaw import video_of
from emoreport.corpora.cropped_aligned import FramePicture, read_pictures
from emoreport.corpora.errors import CorpusError
from emoreport.errors import EmoreportError, StoredReadingsError
from emoreport.faces.crops import crop_face
from emoreport.faces.select import open_face_model
from emoreport.media import open_audio, open_video, probe
from emoreport.models.store.model_store import PullProgress
from emoreport.records import (
    Box,
    CropSpec,
    DoubleArray,
    EmbeddingFaceModel,
    EmbeddingVoiceModel,
    FaceFeatures,
    FaceObservation,
    RgbImage,
)
from emoreport.run.feature_file import FeatureFile, face_source, voice_source
from emoreport.settings import Settings
from emoreport.speech.activity import SileroDetector
from emoreport.speech.reading import read_speech
from emoreport.speech.select import open_voice_model
from emoreport.tables.feature_files import FEATURES_FILE, read_sources, row_counts

PICTURES_AT_ONCE: Final = 16

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Times:
    """Where the times of pictures come from: the videos in a folder, or a rate.

    Attributes
    ----------
    videos
        Holds the video of each folder of pictures, of the same name or, for ``video5_left``, also
        ``video5``; the features of its voice are made as well. None: `rate_hz` counts.
    rate_hz
        Pictures a second; frame 0 is at 0.
    """

    videos: Path | None = None
    rate_hz: float | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """Features of one folder of pictures.

    Attributes
    ----------
    folder
        The folder of results.
    error
        Why there are none; None where there are.
    """

    folder: Path
    error: EmoreportError | None = None


class PictureReader:
    """Makes features of one folder of pictures after the other with models opened once.

    Parameters
    ----------
    settings
        Which models, and where the results go. `face_alignment` says how the pictures were cut.
    times
        Where the times of the pictures come from. The voice is read where there are videos.
    announce, pull_progress
        As for `emoreport.pipeline.Analyzer`.

    Raises
    ------
    ModelError, SettingsError
        When a model is not available or gives no features.
    """

    def __init__(
        self,
        settings: Settings,
        times: Times,
        announce: Announce,
        pull_progress: PullProgress | None = None,
    ) -> None:
        self._settings, self._times = settings, times
        self._face = cast("EmbeddingFaceModel", open_face_model(settings, announce, pull_progress))
        self._voice: EmbeddingVoiceModel | None = None
        if times.videos is not None:
            opened = open_voice_model(settings, announce, pull_progress)
            self._voice = cast("EmbeddingVoiceModel | None", opened)
        wanted = settings.features
        self._sources = (
            face_source(self._face, wanted),
            None if self._voice is None else voice_source(self._voice, wanted),
        )

    def read_all(self, folder: Path) -> Iterator[Written]:
        """Write features.parquet for each folder of pictures; what is there already stays.

        An error ends the folder that it is about, and comes in the place of its features.

        Raises
        ------
        InputNotFoundError, CorpusError
            When there are no pictures, or one has no number of a frame.
        """
        for name, pictures in groupby(read_pictures(folder), key=lambda picture: picture.video):
            target = Path(self._settings.output.out) / name
            try:
                self._read(list(pictures), target)
            except EmoreportError as error:
                yield Written(target, error)
            else:
                yield Written(target)

    def _read(self, pictures: Sequence[FramePicture], target: Path) -> None:
        if not self._settings.output.overwrite and self._is_there(target, len(pictures)):
            return
        video = None
        if self._times.videos is not None:
            video = _video_of(pictures[0].video, self._times.videos)
        time_s = self._times_of(pictures, video)
        with FeatureFile(*self._sources) as file:
            for start in range(0, len(pictures), PICTURES_AT_ONCE):
                part = pictures[start : start + PICTURES_AT_ONCE]
                _, values = self._face.embed([self._crop(picture) for picture in part])
                frame = np.array([picture.frame for picture in part], np.int64)
                file.add_face(FaceFeatures(time_s[start : start + len(part)], frame, values))
            if video is not None and self._voice is not None:
                self._read_voice(video, file)
        with Staging(target) as staging, file.path.open("rb") as content:
            staging.add(FEATURES_FILE, lambda stream: shutil.copyfileobj(content, stream))
            staging.commit()

    def _is_there(self, target: Path, count: int) -> bool:
        path = target / FEATURES_FILE
        try:
            sources = tuple(read_sources(path).get(kind) for kind in ("face", "voice"))
            return sources == self._sources and row_counts(path)["face"] == count
        except StoredReadingsError:
            return False

    def _times_of(self, pictures: Sequence[FramePicture], video: Path | None) -> DoubleArray:
        """float64 (N,): when each frame is shown."""
        frame = np.array([picture.frame for picture in pictures])
        if video is None:
            return frame / np.float64(self._times.rate_hz or np.nan)
        with open_video(video) as source:
            known = {shown.index: shown.time_s for shown in source}
        missing = [number for number in frame.tolist() if number not in known]
        if missing:
            raise CorpusError(
                "corpora.no_such_frame", number=missing[0] + 1, count=max(known) + 1, file=video
            )
        return np.array([known[number] for number in frame.tolist()], np.float64)

    def _crop(self, picture: FramePicture) -> RgbImage:
        """The whole picture in the size that the model takes."""
        rgb = _pixels(picture.path)
        height, width = rgb.shape[:2]
        whole = FaceObservation(Box(0, 0, width, height), 1.0)
        return crop_face(rgb, whole, CropSpec(self._face.crop.size_px, tight_box=True))

    def _read_voice(self, video: Path, file: FeatureFile) -> None:
        speech = replace(self._settings.speech, acoustics=False)
        track = open_audio(video, probe(video), duration_s=None)
        try:
            vad = SileroDetector(speech.speech_threshold)
            read_speech(track, vad, self._voice, speech, keep=file.add_voice)
        finally:
            if track is not None:
                track.close()


def _pixels(path: Path) -> RgbImage:
    """RGB pixels of a picture file; raise CorpusError if it is none."""
    import cv2

    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise CorpusError("file.unreadable", error=error.strerror, file=path) from error
    picture: Any = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
    if picture is None:
        raise CorpusError("corpora.unreadable_picture", file=path)
    return np.ascontiguousarray(picture[:, :, ::-1])


def _video_of(name: str, videos: Path) -> Path:
    """The video that a folder of pictures was cut from.

    Raises
    ------
    CorpusError
        When there is none, or more than one.
    """
    files = [path for path in sorted(videos.iterdir()) if path.is_file()]
    for stem in dict.fromkeys((name, video_of(name))):
        found = [path for path in files if path.stem == stem and _has_picture(path)]
        if len(found) > 1:
            raise CorpusError("corpora.two_videos", names=", ".join(p.name for p in found))
        if found:
            return found[0]
    raise CorpusError("corpora.no_video", name=name, file=videos)


def _has_picture(path: Path) -> bool:
    try:
        return probe(path).has_picture
    except EmoreportError:
        return False
