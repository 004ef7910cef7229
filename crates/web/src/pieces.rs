//! The bodies of answers, handed to the connection in pieces: a connection copies what it is given,
//! so whole results would be held once for each client that reads slowly.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};

use crate::{clients::Share, connection::UnderWay};

/// Most bytes handed over at once, and most that a connection gathers before it writes.
pub(crate) const PIECE: usize = 32 << 10;

/// A body in pieces. While it lives, its request is under way.
pub(crate) struct Pieces {
    body: BoxBody,
    rest: Bytes,
    _held: (Option<UnderWay>, Option<Share>),
}

impl Pieces {
    pub(crate) fn new(body: BoxBody, held: (Option<UnderWay>, Option<Share>)) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            _held: held,
        }
    }
}

impl MessageBody for Pieces {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        while this.rest.is_empty() {
            match ready!(this.body.as_pin_mut().poll_next(context)) {
                Some(Ok(bytes)) => this.rest = bytes,
                end => return Poll::Ready(end),
            }
        }
        let length = this.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(this.rest.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[actix_rt::test]
    async fn a_body_comes_in_pieces_that_share_its_memory() {
        let whole = Bytes::from(vec![7; 2 * PIECE + 5]);
        let mut pieces = Pieces::new(BoxBody::new(whole.clone()), (None, None));
        assert_eq!(pieces.size(), BodySize::Sized(whole.len() as u64));
        let mut at = 0;
        while let Some(piece) = poll_fn(|context| Pin::new(&mut pieces).poll_next(context)).await {
            let piece = piece.unwrap();
            assert_eq!(piece.as_ptr(), whole.slice(at..).as_ptr());
            at += piece.len();
            assert!(piece.len() <= PIECE);
        }
        assert_eq!(at, whole.len());
    }
}
