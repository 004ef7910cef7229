//! How much of the service one client may take up at once. No HTTP here.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// What a client may have several of at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Connection,
    Request,
    EventStream,
}

const USES: usize = 3;

/// Counts what each client takes up. Shared by all connections.
#[derive(Debug)]
pub(crate) struct Clients {
    /// The most of each use for each client; 0 sets no limit.
    most: [usize; USES],
    counts: Mutex<HashMap<IpAddr, [usize; USES]>>,
}

impl Clients {
    pub(crate) fn new(connections: usize, requests: usize, streams: usize) -> Self {
        Self {
            most: [connections, requests, streams],
            counts: Mutex::default(),
        }
    }

    /// A share for this client until it is dropped; `None` when the client has as many as it may.
    pub(crate) fn enter(self: &Arc<Self>, client: Option<IpAddr>, of: Use) -> Option<Share> {
        let most = self.most[of as usize];
        let (Some(client), 1..) = (client, most) else {
            return Some(Share { counted: None });
        };
        let client = network_of(client);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let held = counts.entry(client).or_default();
        // A client without any was entered just now and is below every limit.
        if held[of as usize] >= most {
            return None;
        }
        held[of as usize] += 1;
        Some(Share {
            counted: Some((Arc::clone(self), client, of)),
        })
    }

    fn leave(&self, client: IpAddr, of: Use) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = counts.get_mut(&client) {
            held[of as usize] = held[of as usize].saturating_sub(1);
            if held.iter().all(|count| *count == 0) {
                counts.remove(&client);
            }
        }
    }
}

/// What a client takes up, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    counted: Option<(Arc<Clients>, IpAddr, Use)>,
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some((clients, client, of)) = self.counted.take() {
            clients.leave(client, of);
        }
    }
}

/// What counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that a single
/// customer is given at least.
pub(crate) fn network_of(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_client_has_its_own_share_of_each_use() {
        let clients = Arc::new(Clients::new(2, 0, 1));
        let first = clients.enter(client("192.0.2.1"), Use::Connection).unwrap();
        let _second = clients.enter(client("192.0.2.1"), Use::Connection).unwrap();
        assert!(
            clients
                .enter(client("192.0.2.1"), Use::Connection)
                .is_none()
        );
        assert!(
            clients
                .enter(client("192.0.2.1"), Use::EventStream)
                .is_some()
        );
        assert!(
            clients
                .enter(client("192.0.2.2"), Use::Connection)
                .is_some()
        );
        drop(first);
        assert!(
            clients
                .enter(client("192.0.2.1"), Use::Connection)
                .is_some()
        );
    }

    #[test]
    fn no_limit_and_no_address_are_no_bar() {
        let clients = Arc::new(Clients::new(1, 0, 1));
        let many: Vec<_> = (0..9)
            .map(|_| clients.enter(client("192.0.2.1"), Use::Request).unwrap())
            .collect();
        assert_eq!(many.len(), 9);
        let _one = clients.enter(None, Use::Connection).unwrap();
        assert!(clients.enter(None, Use::Connection).is_some());
    }

    #[test]
    fn clients_that_left_are_forgotten() {
        let clients = Arc::new(Clients::new(4, 4, 4));
        drop(clients.enter(client("192.0.2.1"), Use::Request));
        assert!(clients.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        assert_eq!(
            network_of("2001:db8:1:2:3:4:5:6".parse().unwrap()),
            network_of("2001:db8:1:2::1".parse().unwrap())
        );
        assert_ne!(
            network_of("2001:db8:1:2::1".parse().unwrap()),
            network_of("2001:db8:1:3::1".parse().unwrap())
        );
        assert_eq!(
            network_of("::ffff:192.0.2.1".parse().unwrap()),
            "192.0.2.1".parse::<IpAddr>().unwrap()
        );
    }
}
