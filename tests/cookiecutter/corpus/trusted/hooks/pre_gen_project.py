open('before.txt', 'w').write('{{ cookiecutter.name }}')
