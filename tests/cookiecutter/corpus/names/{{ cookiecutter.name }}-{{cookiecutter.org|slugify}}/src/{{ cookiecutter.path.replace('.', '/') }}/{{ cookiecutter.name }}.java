package {{ cookiecutter.path }};
class {{ cookiecutter.name }} {}
