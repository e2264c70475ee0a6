from django.urls import path

from lxp.messaging import views

app_name = "messages"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("bell/", views.bell, name="bell"),
    path("read/", views.read_all, name="read-all"),
    path("settings/", views.preferences, name="preferences"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("ledger/", views.ledger, name="ledger"),
    path("ledger/list/", views.ledger_list, name="ledger-list"),
    path("ledger/trouble/", views.ledger_trouble, name="trouble"),
    path("ledger/retry/", views.retry_all, name="retry-all"),
    path("<int:message_id>/", views.message, name="message"),
    path("<int:message_id>/open/", views.open_message, name="open"),
    path("<int:message_id>/retry/", views.retry, name="retry"),
    path("<int:message_id>/resend/", views.resend, name="resend"),
]
