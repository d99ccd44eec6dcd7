from django.urls import path

from roles import views

urlpatterns = [
    path("", views.library, name="library"),
    path("<slug:slug>/", views.role, name="role"),
]
