"""Addresses of the designers' screens, under /design/."""

from django.urls import path

from journeys.design_views import cohorts, enrolments, programmes, simulating, steps

app_name = "design"
urlpatterns = [
    path("", programmes.programmes, name="programmes"),
    path("programmes/new/", programmes.new, name="programme-new"),
    path("programmes/<slug:slug>/", programmes.programme, name="programme"),
    path("programmes/<slug:slug>/details/", programmes.details, name="details"),
    path("programmes/<slug:slug>/archive/", programmes.archive, name="archive"),
    path("programmes/<slug:slug>/publish/", programmes.publish, name="publish"),
    path("programmes/<slug:slug>/discard/", programmes.discard, name="discard"),
    path("programmes/<slug:slug>/history/", programmes.history, name="history"),
    path("programmes/<slug:slug>/simulate/", simulating.programme, name="simulate"),
    path("programmes/<slug:slug>/items/", steps.items, name="items"),
    path("programmes/<slug:slug>/steps/add/", steps.add, name="step-add"),
    path("programmes/<slug:slug>/steps/<slug:key>/edit/", steps.step, name="step"),
    path("programmes/<slug:slug>/steps/<slug:key>/move/", steps.move, name="step-move"),
    path("programmes/<slug:slug>/steps/<slug:key>/remove/", steps.remove, name="step-remove"),
    path("programmes/<slug:slug>/cohorts/new/", cohorts.new, name="cohort-new"),
    path("cohorts/<slug:slug>/", cohorts.cohort, name="cohort"),
    path("cohorts/<slug:slug>/edit/", cohorts.edit, name="cohort-edit"),
    path("cohorts/<slug:slug>/simulate/", simulating.cohort, name="cohort-simulate"),
    path("cohorts/<slug:slug>/state/<slug:to>/", cohorts.state, name="cohort-state"),
    path("cohorts/<slug:slug>/dates/<slug:key>/add/", cohorts.add_date, name="date-add"),
    path("cohorts/<slug:slug>/dates/<int:session_id>/remove/", cohorts.remove_date, name="date-remove"),
    path("cohorts/<slug:slug>/dates/<int:session_id>/default/", cohorts.default_date, name="date-default"),
    path("cohorts/<slug:slug>/enrol/", cohorts.enrol, name="enrol"),
    path("cohorts/<slug:slug>/audience/", cohorts.audience, name="audience"),
    path("cohorts/<slug:slug>/audience/stop/", cohorts.unfollow, name="unfollow"),
    path("cohorts/<slug:slug>/self-enrol/", cohorts.self_enrol, name="self-enrol"),
    path("cohorts/<slug:slug>/withdraw/", cohorts.withdraw, name="withdraw"),
    path("enrolments/<int:enrolment_id>/", enrolments.enrolment, name="enrolment"),
    path("enrolments/<int:enrolment_id>/add/", enrolments.insert, name="insert"),
    path("enrolments/<int:enrolment_id>/steps/<str:key>/more-time/", enrolments.extend, name="extend"),
    path("enrolments/<int:enrolment_id>/steps/<str:key>/waive/", enrolments.waive, name="waive"),
    path("enrolments/<int:enrolment_id>/changes/<int:override_id>/undo/", enrolments.undo, name="override-undo"),
    path("acts/<int:act_id>/undo/", programmes.undo, name="undo"),
]
