#!/bin/sh
exec {{ cookiecutter.slug }}
