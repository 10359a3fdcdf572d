"""Build small real distributions, each in the folder of its project: OUT/<project>/<filename>.

usage: make_dists.py OUT PROJECT VERSION [PROJECT VERSION ...]
"""

import io
import pathlib
import sys
import tarfile
import zipfile


def metadata(project, version):
    return f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\nSummary: made for a test\n"


def build_wheel(folder, project, version):
    name = project.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", metadata(project, version))
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def build_sdist(folder, project, version):
    stem = f"{project.replace('-', '_')}-{version}"
    with tarfile.open(folder / f"{stem}.tar.gz", "w:gz") as sdist:
        content = metadata(project, version).encode()
        member = tarfile.TarInfo(f"{stem}/PKG-INFO")
        member.size = len(content)
        sdist.addfile(member, io.BytesIO(content))


def main(out, *dists):
    for project, version in zip(dists[::2], dists[1::2], strict=True):
        folder = pathlib.Path(out, project)
        folder.mkdir(parents=True, exist_ok=True)
        build_wheel(folder, project, version)
        build_sdist(folder, project, version)


if __name__ == "__main__":
    if len(sys.argv) < 4 or len(sys.argv) % 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
