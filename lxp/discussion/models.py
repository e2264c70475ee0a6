from django.conf import settings
from django.db import models

from lxp.tenancy import OrgOwned


class Thread(OrgOwned):
    """A conversation anchored to something: a step, a video second, a live session's question."""

    anchor = models.CharField(max_length=80, help_text="What it hangs on, such as step:12 or live:7.")
    second = models.PositiveIntegerField(null=True, blank=True)
    title = models.CharField(max_length=200)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    answer_by = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organisation", "anchor", "-created_at"], name="thread_anchor")]

    def __str__(self) -> str:
        return self.title


class Post(OrgOwned):
    """One contribution to a thread."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="posts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    body = models.TextField()
    is_answer = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.body[:60]
