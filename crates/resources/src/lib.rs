//! Resource-monitor actor: CPU, memory, swap and GPU; levels with hysteresis.

#![forbid(unsafe_code)]
