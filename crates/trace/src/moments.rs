//! Second moments of points.

use kurbo::{Point, Vec2};

/// Mean of points, and the means of the products of their distances from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// The mean.
    pub center: Point,
    /// Along x.
    pub xx: f64,
    /// Along both.
    pub xy: f64,
    /// Along y.
    pub yy: f64,
}

impl Moments {
    /// Of some points; `None` without any.
    pub fn of(points: &[Point]) -> Option<Self> {
        let count = points.len() as f64;
        let sum: Vec2 = points.iter().map(|point| point.to_vec2()).sum();
        let center = (sum / count).to_point();
        let mean = |product: fn(Vec2) -> f64| {
            points.iter().map(|p| product(*p - center)).sum::<f64>() / count
        };
        (!points.is_empty()).then(|| Self {
            center,
            xx: mean(|off| off.x * off.x),
            xy: mean(|off| off.x * off.y),
            yy: mean(|off| off.y * off.y),
        })
    }

    /// Angle in radians of the direction in which the points spread most: that of the line of least
    /// squares through them, by distances across it.
    pub fn angle(&self) -> f64 {
        0.5 * (2.0 * self.xy).atan2(self.xx - self.yy)
    }

    /// Mean squared distances from the center in that direction and across it.
    pub fn spreads(&self) -> [f64; 2] {
        let middle = 0.5 * (self.xx + self.yy);
        let off = (0.5 * (self.xx - self.yy)).hypot(self.xy);
        [middle + off, middle - off]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_is_the_line_through_the_points() {
        let along = Vec2::from_angle(0.7);
        let points: Vec<Point> = (0..9)
            .map(|step| Point::new(5.0, -3.0) + along * f64::from(step))
            .collect();
        let found = Moments::of(&points).expect("points");
        assert!((found.angle() - 0.7).abs() < 1e-9);
        assert!(found.center.distance(Point::new(5.0, -3.0) + along * 4.0) < 1e-9);
        let [along, across] = found.spreads();
        assert!((along - 60.0 / 9.0).abs() < 1e-9 && across.abs() < 1e-9);
        assert_eq!(Moments::of(&[]), None);
    }
}
