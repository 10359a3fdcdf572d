//! The list of projects, in the form that is asked for. It names no files, and nothing in it is judged.

use std::fmt::Write as _;

use record::ProjectName;
use serde::{Deserialize, Serialize};

use super::index::Document;
use super::media::Media;
use super::page::{Escaped, link_targets};
use super::path;
use super::refusal::Refusal;

#[derive(Deserialize, Serialize)]
struct List {
    meta: Meta,
    projects: Vec<Project>,
}

#[derive(Default, Deserialize, Serialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: String,
}

#[derive(Deserialize, Serialize)]
struct Project {
    name: String,
}

/// Writes the index's list in this form. A list that has it already stays as it is.
pub(super) fn render(list: Document, media: Media) -> Result<Vec<u8>, Refusal> {
    if list.media == Media::Json && media == Media::Json {
        return Ok(list.body);
    }
    let unusable = |why: &str| Refusal::index(format!("its list of projects is not usable: {why}"));
    let text = std::str::from_utf8(&list.body).map_err(|_| unusable("it is not UTF-8"))?;
    let projects = match list.media {
        Media::Json => {
            let list: List =
                serde_json::from_str(text).map_err(|error| unusable(&error.to_string()))?;
            list.projects
        }
        Media::Html | Media::HtmlV1 => {
            link_targets(text).iter().filter_map(|link| project(link)).collect()
        }
    };
    match media {
        Media::Json => {
            let meta = Meta { api_version: "1.0".to_owned() };
            serde_json::to_vec(&List { meta, projects }).map_err(|e| unusable(&e.to_string()))
        }
        Media::Html | Media::HtmlV1 => Ok(html(&projects).into_bytes()),
    }
}

/// The project that a link leads to.
fn project(link: &str) -> Option<Project> {
    let path = link.split(['?', '#']).next()?.trim_end_matches('/');
    let name = path::decoded(path.rsplit('/').next()?)?;
    ProjectName::normalise(&name).ok().map(|_| Project { name })
}

fn html(projects: &[Project]) -> String {
    let mut html = String::from(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"pypi:repository-version\" content=\"1.0\">\n\
         <title>Projects</title>\n</head>\n<body>\n",
    );
    for Project { name } in projects {
        if let Ok(project) = ProjectName::normalise(name) {
            let _ = writeln!(html, "<a href=\"{project}/\">{}</a><br>", Escaped(name));
        }
    }
    html + "</body>\n</html>\n"
}
