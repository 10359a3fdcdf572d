use crate::audit::tests::{refusal, rows, survives_damage};

const META: &str = r#"{% set name = "Foo-Bar" %}
{% set version = "1.0" %}
{% set sha256 = "<a>" %}

package:
  name: {{ name|lower }}
  version: {{ version }}

source:
  - url: https://index.example/packages/source/{{ name[0] }}/{{ name }}/{{ name.replace("-", "_") }}-{{ version }}.tar.gz
    sha256: {{ sha256 }}
    patches:
      - a.patch
  - url:
      - https://mirror.example/x.tar.gz
      - https://index.example/packages/source/b/bar/bar-2.zip
    sha256: <b>  # it's right
  - git_url: https://forge.example/a/b.git
    git_rev: v1

build:
  number: 0

outputs:
  - name: x
    source:
      url: https://index.example/packages/py3/x/x/x-3-py3-none-win32.whl  # [win]
      sha256: <c>  # [win]
      url: https://forge.example/a/x/archive/3.tar.gz  # [unix]
      sha256: <d>  # [unix]
      md5: 00  # [unix]
"#;

const RECIPE: &str = r#"context:
  name: foo
  version: "1.0"

package:
  name: ${{ name }}

source:
  - if: win
    then:
      url: https://index.example/packages/source/${{ name[0] }}/${{ name }}/${{ name }}-${{ version }}.tar.gz
      sha256: <a>
    else:
      url: https://index.example/packages/source/f/foo/${{ other }}.tar.gz
      sha256: "<b>"
  - url: https://a.example/data.tar.gz
    md5: "00"
  - url: https://a.example/more.tar.gz
  - path: ../local

build:
  number: 0
"#;

#[test]
fn sources_are_pinned_with_their_variables_filled_in() {
    let expected = [
        "11 foo-bar 1.0 Foo_Bar-1.0.tar.gz <a> - index",
        "17 bar 2 bar-2.zip <b> - index",
        "18 - - - - - elsewhere",
        "28 x 3 x-3-py3-none-win32.whl <c> - index",
        "30 - - - <d> md5 elsewhere",
    ];
    assert_eq!(rows("meta.yaml", META), expected);
    assert_eq!(rows("x", META), expected);
    let expected = [
        "11 foo 1.0 foo-1.0.tar.gz <a> - index",
        "14 foo 1.0 - <b> - index",
        "16 - - - - md5 -",
        "17 - - - - - -",
        "18 - - - - - elsewhere",
    ];
    assert_eq!(
        rows("recipe.yaml", RECIPE),
        expected.map(|row| {
            let (line, rest) = row.split_once(' ').unwrap();
            format!("{} {rest}", line.parse::<u64>().unwrap() + 1)
        })
    );
}

#[test]
fn several_files_under_one_hash_have_no_name() {
    let several = META.replace(
        "https://mirror.example/x.tar.gz",
        "https://i.example/packages/source/b/bar/bar_2.zip",
    );
    assert_eq!(rows("meta.yaml", &several)[1], "17 - - - <b> - index");
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (what, instead, reason) in [
        (
            "{{ sha256 }}",
            "{{ sums[version] }}",
            "line 11: the value of '{{ sums[version] }}' is not known",
        ),
        ("<b>", "0", "line 17: '0' is no SHA-256 hash"),
        ("<b>", "<b> x", "line 17: "),
        ("    md5: 00  # [unix]", "    sha256: <e>  # [unix]", "line 31: two SHA-256 hashes"),
        ("source:\n      url", "source: {}\n      url", "line 26: a source is expected to have"),
    ] {
        let changed = META.replacen(what, instead, 1);
        let refused = refusal("meta.yaml", &changed);
        assert!(refused.starts_with(reason), "{instead}: {refused}");
    }
}

#[test]
fn damage_makes_up_nothing() {
    survives_damage("meta.yaml", META);
    survives_damage("recipe.yaml", RECIPE);
}
