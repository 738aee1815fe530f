"""The video platform: what the player reports, after the xAPI video profile."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lrs.cli.demo import vocabulary
from lrs.cli.demo.chance import happens, uuid_from
from lrs.cli.demo.course import Clip
from lrs.cli.demo.diary import Diary
from lrs.cli.demo.enrolment import Enrolment
from lrs.cli.demo.statements import Setting, duration, reference
from lrs.cli.demo.systems import VIDEO
from lrs.cli.demo.vocabulary import Json

_COMPLETION_THRESHOLD = 0.95
_PROFILE = reference(vocabulary.VIDEO_CATEGORY)


def watch_course_video(diary: Diary, enrolment: Enrolment) -> bool:
    """Watch the video of a course."""
    quality = enrolment.course.quality
    watch(diary, enrolment.course.clip, enrolment.setting(enrolment.course.activity()), quality)
    return True


def watch(diary: Diary, clip: Clip, setting: Setting, quality: float = 0.6) -> None:
    """Watch a video, with pauses and jumps; a dull one is more often left before its end."""
    player = _Player.opened(diary, clip, setting)
    player.report_opening()
    pauses = diary.rng.choice((0, 0, 1, 1, 2))
    stays = happens(diary.rng, 0.55 + 0.4 * quality)
    end = clip.seconds if stays else clip.seconds * diary.rng.uniform(0.15, 0.8)
    for stop in sorted(diary.rng.uniform(0, end) for _ in range(pauses)):
        player.play_until(stop)
        diary.pause(3, 240)
        if happens(diary.rng, 0.4):
            player.jump_back()
    player.play_until(end)
    player.close()


@dataclass(slots=True)
class _Player:
    """A video player that reports what is done with it."""

    diary: Diary
    clip: Clip
    setting: Setting
    position: float = 0.0
    seen_to: float = 0.0
    watched: float = 0.0
    segments: list[str] = field(default_factory=list)

    @classmethod
    def opened(cls, diary: Diary, clip: Clip, setting: Setting) -> "_Player":
        """Return a player with a session of its own."""
        session: Json = {
            vocabulary.VIDEO_SESSION: uuid_from(diary.rng),
            vocabulary.VIDEO_LENGTH: clip.seconds,
            vocabulary.VIDEO_THRESHOLD: _COMPLETION_THRESHOLD,
            vocabulary.VIDEO_SPEED: diary.rng.choice(("1x", "1x", "1x", "1.25x", "1.5x")),
        }
        surroundings = {**setting.extensions, **session}
        return cls(diary, clip, replace(setting, category=(_PROFILE,), extensions=surroundings))

    def report_opening(self) -> None:
        """Report that the video is ready."""
        self._report(vocabulary.INITIALIZED)

    def play_until(self, stop: float) -> None:
        """Play to a point and pause there."""
        stop = round(max(stop, self.position + 0.5), 3)
        stop = min(stop, float(self.clip.seconds))
        self._report(vocabulary.PLAYED, {vocabulary.VIDEO_TIME: self.position})
        self.segments.append(f"{self.position:g}[.]{stop:g}")
        self.watched += stop - self.position
        self.diary.spend(stop - self.position)
        self.position = stop
        self.seen_to = max(self.seen_to, stop)
        self._report(vocabulary.PAUSED, self._standing())

    def jump_back(self) -> None:
        """Go back to see something again."""
        target = round(self.position * self.diary.rng.uniform(0.4, 0.9), 3)
        jump = {vocabulary.VIDEO_TIME_FROM: self.position, vocabulary.VIDEO_TIME_TO: target}
        self._report(vocabulary.SEEKED, jump)
        self.position = target

    def close(self) -> None:
        """Report completion where enough was seen, and the end of the session."""
        elapsed = duration(self.watched)
        if self._progress() >= _COMPLETION_THRESHOLD:
            self._report(vocabulary.COMPLETED, self._standing(), completion=True, duration=elapsed)
        self._report(vocabulary.TERMINATED, self._standing(), duration=elapsed)

    def _progress(self) -> float:
        return round(self.seen_to / self.clip.seconds, 3)

    def _standing(self) -> Json:
        return {
            vocabulary.VIDEO_TIME: self.position,
            vocabulary.VIDEO_PROGRESS: self._progress(),
            vocabulary.VIDEO_PLAYED_SEGMENTS: "[,]".join(self.segments),
        }

    def _report(
        self,
        verb: vocabulary.Verb,
        extensions: Mapping[str, object] | None = None,
        **result: object,
    ) -> None:
        outcome: Json = {**result, **({"extensions": extensions} if extensions else {})}
        self.diary.write(VIDEO, verb, self.clip.activity(), self.setting, outcome)
