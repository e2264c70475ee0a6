from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from rest_framework_api_key.models import AbstractAPIKey, BaseAPIKeyManager

from lxp import clock
from lxp.tenancy import OrgManager, OrgOwned


class Role(models.TextChoices):
    """What a person may do in an organisation; a membership holds several."""

    LEARNER = "learner", "Learner"
    FACILITATOR = "facilitator", "Facilitator"
    MANAGER = "manager", "Manager"
    DESIGNER = "designer", "Designer (L&D)"
    ADMINISTRATOR = "administrator", "Administrator"


class Organisation(models.Model):
    """A customer. Owns every tenant row; its name and zone dress the product."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    brand = models.CharField(max_length=120, blank=True, help_text="Shown in the top bar; the name when empty.")
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA time zone of the head office.")
    mail_from = models.EmailField(blank=True)
    quiet_from = models.TimeField(default="19:00", help_text="No messages from this local time…")
    quiet_until = models.TimeField(default="08:00", help_text="…until this one, in each person's own zone.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def get_by_natural_key(self, username: str | None) -> User:
        """Whoever signs in with this e-mail, in any case. Written as the unique index has it, so that it is used."""
        return self.alias(lowered=Lower("email")).get(lowered=Lower(models.Value(username or "")))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Theme(models.TextChoices):
    SYSTEM = "", "Same as my device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class User(AbstractBaseUser, PermissionsMixin):
    """A person, once, whatever organisations they belong to: sign-in, zone, locale, working hours."""

    email = models.EmailField()
    name = models.CharField(max_length=150)
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA time zone.")
    locale = models.CharField(max_length=12, default="en-gb")
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.SYSTEM, blank=True)
    work_start = models.TimeField(default="09:00")
    work_end = models.TimeField(default="17:30")
    work_days = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        blank=True,
        help_text="ISO weekdays, Monday is 1; empty means Monday to Friday.",
    )
    quiet_from = models.TimeField(null=True, blank=True, help_text="Empty: the organisation's quiet hours.")
    quiet_until = models.TimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class Team(OrgOwned):
    """A node of the organisation's tree of units."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="team_slug_once")]

    def __str__(self) -> str:
        return self.name


class JobRole(OrgOwned):
    """What somebody does for a living; carries the skill targets (RoleSkill)."""

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="job_role_code_once")]

    def __str__(self) -> str:
        return self.name


class Membership(OrgOwned):
    """A person in an organisation: roles, team, manager, job role and what HR knows about them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="memberships")
    manager = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="reports")
    job_role = models.ForeignKey(JobRole, null=True, blank=True, on_delete=models.SET_NULL, related_name="memberships")
    external_id = models.CharField(max_length=120, blank=True, help_text="The HR system's id.")
    place = models.CharField(max_length=120, blank=True)
    hired_on = models.DateField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True, help_text="Further HR fields, usable in audience rules.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=clock.now, help_text="Last change of what HR knows; for delta reads.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="membership_once"),
            models.UniqueConstraint(
                fields=["organisation", "external_id"],
                name="membership_external_id_once",
                condition=~models.Q(external_id=""),
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "manager"], name="membership_manager"),
            models.Index(fields=["organisation", "team"], name="membership_team"),
            models.Index(fields=["organisation", "job_role"], name="membership_role"),
            models.Index(fields=["organisation", "updated_at"], name="membership_updated"),
            GinIndex(fields=["attributes"], name="membership_attributes"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organisation_id}"


class Audience(OrgOwned):
    """A named rule over memberships, such as "people leads who became one in the last 90 days".

    `rule` is a tree: {"all": […]}, {"any": […]}, {"not": …} or a leaf
    {"field": "job_role", "is": ["team_lead"]}; the leaves are listed in `lxp.people.audience`.
    """

    name = models.CharField(max_length=150)
    slug = models.SlugField(max_length=150)
    rule = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="audience_slug_once")]

    def __str__(self) -> str:
        return self.name


class PeopleImport(OrgOwned):
    """A file of people on its way in: looked at first, applied all at once, and undoable for thirty days.

    `text` is the file as it came, kept until it is applied. `effect` is what undoing needs: ids of the memberships
    it made, and for those it changed the values before and after, by membership id.
    """

    name = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    effect = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-created_at"], name="people_import_latest")]

    def __str__(self) -> str:
        return self.name


class Holiday(OrgOwned):
    """A day on which no reminder is sent to people in `zone` (everybody when empty)."""

    day = models.DateField()
    name = models.CharField(max_length=120)
    zone = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "day", "zone"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.day}"


class ApiTokenManager(BaseAPIKeyManager):
    """Tokens by prefix, before an organisation is known: the token itself names it."""


class OrgTokenManager(OrgManager):
    """Tokens of the organisation in scope; the library reads the key's hashing from here."""

    key_generator = BaseAPIKeyManager.key_generator


class ApiToken(AbstractAPIKey, OrgOwned):
    """A machine's key to the REST API: hashed, revocable, expiring, with scopes such as `people:read`."""

    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = OrgTokenManager()
    keys: ClassVar[Any] = ApiTokenManager()
    unscoped: ClassVar = models.Manager()

    class Meta(AbstractAPIKey.Meta):
        verbose_name = "API token"
        verbose_name_plural = "API tokens"
