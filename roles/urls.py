from django.urls import path

from roles import views

urlpatterns = [
    path("", views.library, name="library"),
    path("<slug:slug>.<slug:kind>", views.role_file, name="role-file"),
    path("<slug:slug>/", views.role, name="role"),
]
