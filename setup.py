"""What pyproject.toml cannot say: the folder `assets` goes into the wheel as `textgen/assets`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["textgen*"]), "textgen.assets"],
    package_dir={"textgen.assets": "assets"},
    package_data={
        "textgen": ["py.typed"],
        "textgen.hosting": ["*.html", "*.jinja"],
        "textgen.views.templates": ["*.html"],
        "textgen.assets": ["**"],
    },
    exclude_package_data={"textgen.assets": ["dragging.webp"]},
)
