//! What a job that arrives has to expect from many machines together, by what each says of itself.
//! Pure.

use chat2svg_protocol::NodeForecast;

use crate::admission::Forecast;

/// What one worker says of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worker {
    /// What one more job has to expect there.
    pub forecast: NodeForecast,
    /// Jobs that it has.
    pub jobs: u32,
}

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnderWay {
    /// Jobs that came in at this door.
    pub own: u32,
    /// All jobs.
    pub all: u32,
}

/// What a job that arrives has to expect from all workers together, at one of several doors. What
/// came in at the others takes places away from this one.
pub fn sum(workers: &[Worker], under_way: UnderWay) -> Forecast {
    if workers.is_empty() {
        // Nobody knows when one will come; whoever puts a job in is told that there is none.
        return Forecast {
            jobs: under_way.own,
            ..Forecast::default()
        };
    }
    let count = f64::from(u32::try_from(workers.len()).unwrap_or(u32::MAX));
    let mean = |of: fn(&NodeForecast) -> f64| {
        workers.iter().map(|node| of(&node.forecast)).sum::<f64>() / count
    };
    let taken = workers
        .iter()
        .map(|node| node.jobs)
        .fold(0, u32::saturating_add);
    let waiting = f64::from(under_way.all.saturating_sub(taken));
    let job_seconds = mean(|forecast| forecast.job_seconds) / count;
    let least = workers.iter().map(|node| node.forecast.least_seconds);
    let places = workers
        .iter()
        .map(|node| node.forecast.places)
        .fold(0, u32::saturating_add);
    let elsewhere = under_way.all.saturating_sub(under_way.own);
    Forecast {
        wait_seconds: mean(|forecast| forecast.wait_seconds) + waiting * job_seconds,
        job_seconds,
        least_seconds: least.fold(f64::INFINITY, f64::min),
        places: if places == u32::MAX {
            places
        } else {
            places.saturating_sub(elsewhere)
        },
        jobs: under_way.own,
    }
}

/// What a queue's forecast is to others.
pub fn told(forecast: Forecast) -> NodeForecast {
    NodeForecast {
        wait_seconds: forecast.wait_seconds,
        job_seconds: forecast.job_seconds,
        least_seconds: forecast.least_seconds,
        places: forecast.places,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(jobs: u32, wait_seconds: f64) -> Worker {
        Worker {
            forecast: NodeForecast {
                wait_seconds,
                job_seconds: 1.0,
                least_seconds: 0.5,
                places: 10,
            },
            jobs,
        }
    }

    #[test]
    fn two_workers_are_twice_one() {
        let workers = [worker(3, 3.0), worker(1, 1.0)];
        let forecast = sum(&workers, UnderWay { own: 2, all: 8 });
        assert_eq!(forecast.job_seconds, 0.5);
        // What is taken takes 2 seconds; 4 more wait for half a second each.
        assert_eq!(forecast.wait_seconds, 4.0);
        assert_eq!(forecast.places, 14);
        assert_eq!(forecast.jobs, 2);
    }

    #[test]
    fn nothing_is_expected_where_nobody_is() {
        let forecast = sum(&[], UnderWay { own: 2, all: 8 });
        assert_eq!((forecast.wait_seconds, forecast.jobs), (0.0, 2));
    }
}
