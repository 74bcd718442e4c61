#!/bin/sh
mv a.txt b-{{ cookiecutter.name }}.txt
