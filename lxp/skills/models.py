from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from lxp.tenancy import OrgOwned

TOP_LEVEL = 5
"""Levels run from 0 (not yet) to 5; imported scales are stretched to this one."""


class Skill(OrgOwned):
    """Something people can do, with what each level looks like at work."""

    code = models.CharField(max_length=120)
    name = models.CharField(max_length=200)
    area = models.CharField(max_length=120, blank=True)
    description = models.TextField(blank=True)
    levels = ArrayField(models.TextField(), default=list, blank=True, help_text="What people do at levels 1 to 5.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="skill_code_once")]

    def __str__(self) -> str:
        return self.name


class RoleSkill(OrgOwned):
    """The level a job role asks of a skill, and how much it matters there (1 to 5)."""

    job_role = models.ForeignKey("lxp.JobRole", on_delete=models.CASCADE, related_name="targets")
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="targets")
    level = models.FloatField(help_text="0 to 5")
    importance = models.FloatField(default=3, help_text="1 to 5")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job_role", "skill"], name="role_skill_once")]

    def __str__(self) -> str:
        return f"{self.job_role_id} needs {self.skill_id} at {self.level}"


class SkillEvidence(OrgOwned):
    """Why we think somebody has a skill: one observation, never changed. `key` makes recording it idempotent."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="evidence")
    source = models.CharField(max_length=30, help_text="quiz, content, attendance, self, manager, import")
    level = models.FloatField(help_text="The level this observation speaks for, 0 to 5.")
    weight = models.FloatField(default=1)
    note = models.CharField(max_length=300, blank=True)
    key = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="evidence_once")]
        indexes = [models.Index(fields=["organisation", "learner", "skill"], name="evidence_learner_skill")]

    def __str__(self) -> str:
        return f"{self.source} evidence for {self.skill_id}"


class LearnerSkill(OrgOwned):
    """The current estimate of somebody's level in a skill, derived from the evidence."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="skill_levels")
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="learners")
    level = models.FloatField(default=0)
    evidence_count = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["learner", "skill"], name="learner_skill_once")]

    def __str__(self) -> str:
        return f"{self.learner_id} has {self.skill_id} at {self.level}"
