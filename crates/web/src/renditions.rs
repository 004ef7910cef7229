//! Results as clients read them: SVG, PNG, result document, previews. Each is made once, kept in
//! memory while there is room, and shared by all who read it; together they stay within one budget,
//! also while slow clients hold them.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::web::Bytes;
use chat2svg_controller::output::{self, OutputError, ResultDocument};
use chat2svg_protocol::{JobId, JobView, stop_of};
use chat2svg_supervision::{ComputeError, ComputePool};
use chat2svg_vector::RenderError;
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock as _, clock::DefaultClock};
use quick_cache::{OptionsBuilder, Weighter, sync::Cache};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    clients::network_of,
    config::{RateLimit, WebConfig},
    problem::{Code, Problem},
};

/// Longest that the rendering of one PNG may take.
const RENDER_TIME: Duration = Duration::from_secs(20);
/// PNGs that may wait for the one that is being rendered.
const MAX_WAITING: usize = 32;
/// Clients remembered before those with a full quota are forgotten.
const MAX_REMEMBERED_CLIENTS: usize = 4_096;
/// Results that the cache is laid out for.
const EXPECTED: usize = 1_024;

/// A form in which a job's picture is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rendition {
    Svg,
    /// With its width in pixels; none for the nominal one.
    Png(Option<u32>),
    /// The result document.
    Document,
    /// A preview's event, by a digest of what it shows.
    Preview(u64),
}

/// Weighs a rendition by its bytes.
#[derive(Clone, Debug)]
struct ByLength;

impl Weighter<(JobId, Rendition), Bytes> for ByLength {
    fn weight(&self, _: &(JobId, Rendition), bytes: &Bytes) -> u64 {
        // What weighs nothing is never removed.
        bytes.len().max(1) as u64
    }
}

/// Bytes with their share of the budget; given back when the last reader is done.
struct Held<T> {
    bytes: T,
    _permit: OwnedSemaphorePermit,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Held<T> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

/// An SVG's text as bytes.
struct Text(Arc<str>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// For what a PNG is rendered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// For the answer to the request that made the job, which was admitted; of use until then.
    Answer(Instant),
    /// Because a client asks for it, whose quota it counts for.
    Ask(Option<IpAddr>),
}

/// All renditions. Shared by all connections.
pub(crate) struct Renditions {
    cache: Cache<(JobId, Rendition), Bytes, ByLength>,
    memory: Arc<Semaphore>,
    capacity: usize,
    digest: RandomState,
    /// Renders for jobs' answers, of which there are no more than admitted jobs.
    answers: ComputePool,
    /// Renders what is asked for beside, so that no job waits for that.
    asked: ComputePool,
    quota: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
    longest: u32,
}

impl Renditions {
    pub(crate) fn new(config: &WebConfig, answers: ComputePool) -> Self {
        let capacity = config.max_result_memory_bytes.min(Semaphore::MAX_PERMITS);
        let half = (capacity / 2) as u64;
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(EXPECTED)
            .weight_capacity(half)
            .build();
        let cache = match options {
            Ok(options) => {
                Cache::with_options(options, ByLength, Default::default(), Default::default())
            }
            Err(_) => Cache::with_weighter(EXPECTED, half, ByLength),
        };
        Self {
            cache,
            memory: Arc::new(Semaphore::new(capacity)),
            capacity,
            digest: RandomState::new(),
            answers,
            asked: ComputePool::new("render", 1, MAX_WAITING),
            quota: quota(&config.png_limit),
            clock: DefaultClock::default(),
            longest: config.max_png_width,
        }
    }

    /// A rendition that is there, or the one that `make` gives; many who ask at once wait for one.
    pub(crate) async fn get(
        &self,
        job: JobId,
        rendition: Rendition,
        make: impl Future<Output = Result<Bytes, Problem>>,
    ) -> Result<Bytes, Problem> {
        self.cache
            .get_or_insert_async(&(job, rendition), make)
            .await
    }

    /// A result's SVG text as it is read.
    pub(crate) fn text(&self, svg: Arc<str>) -> Result<Bytes, Problem> {
        self.hold(Text(svg))
    }

    /// Bytes under the budget.
    pub(crate) fn hold<T: AsRef<[u8]> + Send + 'static>(&self, bytes: T) -> Result<Bytes, Problem> {
        let length = bytes.as_ref().len();
        let acquire = || {
            let permits = u32::try_from(length).ok()?;
            Arc::clone(&self.memory)
                .try_acquire_many_owned(permits)
                .ok()
        };
        let permit = acquire().or_else(|| {
            // What nobody reads makes room for what somebody asks for.
            self.cache.clear();
            acquire()
        });
        match permit {
            Some(permit) => Ok(Bytes::from_owner(Held {
                bytes,
                _permit: permit,
            })),
            None if length > self.capacity => Err(Problem::new(
                Code::Overloaded,
                format!(
                    "this form of the result has {length} bytes, more than the service holds for all its readers: \
                     ask for a smaller PNG, or for the SVG"
                ),
            )
            .retry_after(Duration::from_secs(60))),
            None => Err(Problem::new(
                Code::Overloaded,
                "results that clients are reading take up all the memory that there is for them: try again in a moment",
            )
            .retry_after(Duration::from_secs(2))),
        }
    }

    /// A result as PNG. Without a width it has the picture's nominal size.
    pub(crate) async fn png(
        &self,
        job: JobId,
        svg: &Bytes,
        width: Option<u32>,
        order: Order,
        stopping: &CancellationToken,
    ) -> Result<Bytes, Problem> {
        let make = async {
            if let Order::Ask(client) = order {
                self.check_quota(client)?;
            }
            let png = self.render(svg.clone(), width, order, stopping).await?;
            self.hold(png)
        };
        self.get(job, Rendition::Png(width), make).await
    }

    /// The result document of a job that has ended.
    pub(crate) async fn document(
        &self,
        view: JobView,
        svg: &Bytes,
        order: Order,
        stopping: &CancellationToken,
    ) -> Result<Bytes, Problem> {
        let job = view.id;
        let make = async {
            let png = self.png(job, svg, None, order, stopping).await?;
            let svg = svg.clone();
            let write = move || {
                let text = std::str::from_utf8(&svg).unwrap_or_default();
                serde_json::to_vec(&ResultDocument::new(view, text.into(), &png))
            };
            let json = self.answers.run(stopping, write).await?.map_err(|error| {
                error!(%error, "a result document could not be written");
                Problem::internal()
            })?;
            self.hold(json)
        };
        self.get(job, Rendition::Document, make).await
    }

    /// The same preview's event for all who follow a job; `None` when there is no room for it.
    pub(crate) fn preview(
        &self,
        job: JobId,
        svg: &str,
        sequence: u64,
        frame: impl FnOnce() -> String,
    ) -> Option<Bytes> {
        // A controller that was started anew counts from the start, with other pictures.
        let key = Rendition::Preview(self.digest.hash_one((sequence, svg)));
        self.cache
            .get_or_insert_with(&(job, key), || self.hold(frame()).map_err(|_| ()))
            .ok()
    }

    fn check_quota(&self, client: Option<IpAddr>) -> Result<(), Problem> {
        let (Some(quota), Some(client)) = (&self.quota, client) else {
            return Ok(());
        };
        if quota.len() > MAX_REMEMBERED_CLIENTS {
            quota.retain_recent();
        }
        quota.check_key(&network_of(client)).map_err(|not_until| {
            Problem::new(
                Code::RateLimited,
                "this client has had its share of PNGs rendered for now: take the SVG, or a width that it had before",
            )
            .retry_after(not_until.wait_time_from(self.clock.now()))
        })
    }

    /// Renders off the arbiter. Waiting work is skipped and running work stopped when the client
    /// leaves, the service stops or the time is up.
    async fn render(
        &self,
        svg: Bytes,
        width: Option<u32>,
        order: Order,
        stopping: &CancellationToken,
    ) -> Result<Vec<u8>, Problem> {
        let longest = self.longest;
        let usual = Instant::now() + RENDER_TIME;
        let (pool, until) = match order {
            Order::Answer(until) => (&self.answers, until.min(usual)),
            Order::Ask(_) => (&self.asked, usual),
        };
        let stop = stopping.child_token();
        let is_over = stop_of(&stop).by(until);
        // Fires when the client leaves, which drops this future.
        let _left = stop.clone().drop_guard();
        let work = move || {
            let svg = std::str::from_utf8(&svg).unwrap_or_default();
            output::png_until(svg, width, longest, &is_over)
        };
        let time_is_up = tokio::time::sleep_until(until.into());
        let rendered = tokio::select! {
            rendered = pool.run(&stop, work) => rendered,
            () = time_is_up => return Err(too_long()),
        };
        match rendered {
            Ok(Ok(png)) => Ok(png),
            Ok(Err(OutputError::Render(RenderError::Stopped))) if stopping.is_cancelled() => {
                Err(ComputeError::Cancelled.into())
            }
            Ok(Err(OutputError::Render(RenderError::Stopped))) => Err(too_long()),
            Ok(Err(error)) => {
                error!(%error, "a stored result could not be rendered");
                Err(Problem::internal())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Bytes of the budget that are not in use.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.memory.available_permits()
    }
}

fn quota(limit: &RateLimit) -> Option<DefaultKeyedRateLimiter<IpAddr>> {
    NonZeroU32::new(limit.per_minute).map(|per_minute| {
        let burst = NonZeroU32::new(limit.burst).unwrap_or(NonZeroU32::MIN);
        DefaultKeyedRateLimiter::keyed(Quota::per_minute(per_minute).allow_burst(burst))
    })
}

fn too_long() -> Problem {
    Problem::new(
        Code::DeadlineExceeded,
        "the PNG was not rendered in time: ask for a smaller width, or take the SVG",
    )
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use uuid::Uuid;

    use super::*;

    const STAR: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32" viewBox="0 0 64 32"><g id="sky"><path d="M0 0H64V32H0Z" fill="#38f"/></g></svg>"##;

    fn renditions(change: impl FnOnce(&mut WebConfig)) -> Renditions {
        let mut config = WebConfig::default();
        change(&mut config);
        Renditions::new(&config, ComputePool::new("test", 1, 16))
    }

    fn job() -> JobId {
        JobId(Uuid::now_v7())
    }

    fn client(last: u8) -> Order {
        Order::Ask(Some([192, 0, 2, last].into()))
    }

    #[actix_rt::test]
    async fn a_rendition_is_made_once_and_shared() {
        let renditions = renditions(|_| {});
        let job = job();
        let made = Cell::new(0);
        let get = || {
            renditions.get(job, Rendition::Svg, async {
                made.set(made.get() + 1);
                tokio::task::yield_now().await;
                renditions.text(STAR.into())
            })
        };
        let (first, second) = tokio::join!(get(), get());
        let third = get().await.unwrap();
        assert_eq!(made.get(), 1);
        assert_eq!(first.unwrap().as_ptr(), third.as_ptr());
        assert_eq!(second.unwrap().as_ptr(), third.as_ptr());
    }

    #[actix_rt::test]
    async fn what_readers_hold_counts_until_they_are_done() {
        let renditions = renditions(|config| config.max_result_memory_bytes = 1_000);
        let held = renditions.hold(vec![0; 700]).unwrap();
        let piece = held.slice(..10);
        drop(held);
        assert_eq!(
            renditions.hold(vec![0; 400]).unwrap_err().code,
            Code::Overloaded
        );
        drop(piece);
        assert_eq!(renditions.free(), 1_000);
        // What is only cached makes room.
        let cached = async { renditions.hold(vec![0; 400]) };
        drop(renditions.get(job(), Rendition::Svg, cached).await.unwrap());
        assert_eq!(renditions.free(), 600);
        let _large = renditions.hold(vec![0; 900]).unwrap();
        let larger = renditions.hold(vec![0; 1_001]).unwrap_err();
        assert!(larger.detail.contains("smaller PNG"), "{larger}");
    }

    #[actix_rt::test]
    async fn the_cache_keeps_to_half_of_the_budget() {
        let renditions = renditions(|config| config.max_result_memory_bytes = 100_000);
        for _ in 0..50 {
            let make = async { renditions.hold(vec![0; 10_000]) };
            drop(renditions.get(job(), Rendition::Svg, make).await.unwrap());
            assert!(renditions.free() >= 50_000);
        }
    }

    #[actix_rt::test]
    async fn many_widths_use_up_a_clients_quota_and_known_ones_do_not() {
        let renditions = renditions(|config| {
            config.png_limit = RateLimit {
                per_minute: 1,
                burst: 2,
            };
        });
        let job = job();
        let svg = renditions.text(STAR.into()).unwrap();
        let running = CancellationToken::new();
        let png = |width, order| renditions.png(job, &svg, Some(width), order, &running);
        assert!(png(1, client(1)).await.is_ok());
        assert!(png(2, client(1)).await.is_ok());
        let refused = png(3, client(1)).await.unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(refused.retry_after > Some(Duration::from_secs(10)));
        assert!(png(2, client(1)).await.is_ok());
        assert!(png(3, client(2)).await.is_ok());
        assert!(
            png(4, Order::Answer(Instant::now() + RENDER_TIME))
                .await
                .is_ok()
        );
    }

    #[actix_rt::test]
    async fn a_jobs_answer_does_not_wait_for_what_others_ask_for() {
        let renditions = renditions(|_| {});
        let svg = renditions.text(STAR.into()).unwrap();
        let running = CancellationToken::new();
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let busy = renditions.asked.run(&running, move || gate.recv());
        let answer = async {
            let order = Order::Answer(Instant::now() + RENDER_TIME);
            let png = renditions.png(job(), &svg, None, order, &running).await;
            release.send(()).unwrap();
            png
        };
        let (_, png) = tokio::join!(busy, answer);
        assert!(png.unwrap().starts_with(b"\x89PNG"));
    }

    #[actix_rt::test]
    async fn what_is_late_or_not_wanted_any_more_is_not_rendered() {
        let renditions = renditions(|_| {});
        let svg = renditions.text(STAR.into()).unwrap();
        let running = CancellationToken::new();
        let late = Order::Answer(Instant::now());
        let problem = renditions.png(job(), &svg, None, late, &running).await;
        assert_eq!(problem.unwrap_err().code, Code::DeadlineExceeded);
        running.cancel();
        let order = Order::Ask(None);
        let problem = renditions.png(job(), &svg, None, order, &running).await;
        assert_eq!(problem.unwrap_err().code, Code::ShuttingDown);
    }

    #[test]
    fn followers_share_a_preview_and_it_is_left_out_when_there_is_no_room() {
        let renditions = renditions(|config| config.max_result_memory_bytes = 1_000);
        let job = job();
        let preview = |sequence, frame: &str| {
            let frame = frame.to_owned();
            renditions.preview(job, STAR, sequence, || frame)
        };
        let first = preview(1, "a frame").unwrap();
        assert_eq!(preview(1, "never made").unwrap().as_ptr(), first.as_ptr());
        assert_ne!(preview(2, "another").unwrap(), first);
        assert_eq!(preview(3, &"x".repeat(2_000)), None);
    }
}
