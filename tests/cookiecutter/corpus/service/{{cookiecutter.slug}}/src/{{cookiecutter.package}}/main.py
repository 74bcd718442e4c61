def main():
    print("{{ cookiecutter.name }}")