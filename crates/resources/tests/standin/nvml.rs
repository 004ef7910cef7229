//! Stands in for the NVIDIA driver's library in tests: each call answers what a file says, whose
//! path is built in. The first line is the code of every call of the library; each further line is
//! a device: the code of its calls, the code of its utilisation, percent and gibibytes in use, and
//! its name.

use std::ffi::{c_char, c_uint, c_ulonglong};

const OK: c_uint = 0;
const INVALID_ARGUMENT: c_uint = 2;
const UNKNOWN: c_uint = 999;

struct Device {
    code: c_uint,
    utilisation_code: c_uint,
    percent: c_uint,
    gibibytes: c_ulonglong,
    name: String,
}

fn state() -> (c_uint, Vec<Device>) {
    let text = std::fs::read_to_string(env!("STANDIN_STATE")).unwrap_or_default();
    let mut lines = text.lines();
    let code = lines.next().and_then(|line| line.trim().parse().ok());
    (code.unwrap_or(UNKNOWN), lines.filter_map(device).collect())
}

fn device(line: &str) -> Option<Device> {
    let mut fields = line.splitn(5, ' ');
    Some(Device {
        code: fields.next()?.parse().ok()?,
        utilisation_code: fields.next()?.parse().ok()?,
        percent: fields.next()?.parse().ok()?,
        gibibytes: fields.next()?.parse().ok()?,
        name: fields.next()?.to_owned(),
    })
}

/// Handles are numbers from 1 on.
fn with_device(handle: usize, answer: impl FnOnce(&Device) -> c_uint) -> c_uint {
    let (code, devices) = state();
    if code != OK {
        return code;
    }
    match handle.checked_sub(1).and_then(|index| devices.get(index)) {
        None => INVALID_ARGUMENT,
        Some(device) if device.code != OK => device.code,
        Some(device) => answer(device),
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> c_uint {
    state().0
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> c_uint {
    OK
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetCount_v2(count: &mut c_uint) -> c_uint {
    let (code, devices) = state();
    *count = devices.len() as c_uint;
    code
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, handle: &mut usize) -> c_uint {
    *handle = index as usize + 1;
    with_device(*handle, |_| OK)
}

#[repr(C)]
pub struct Memory {
    version: c_uint,
    total: c_ulonglong,
    reserved: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetMemoryInfo_v2(handle: usize, memory: &mut Memory) -> c_uint {
    with_device(handle, |device| {
        memory.total = 24 << 30;
        memory.used = device.gibibytes << 30;
        memory.free = memory.total - memory.used;
        OK
    })
}

#[repr(C)]
pub struct Utilisation {
    gpu: c_uint,
    memory: c_uint,
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetUtilizationRates(
    handle: usize,
    utilisation: &mut Utilisation,
) -> c_uint {
    with_device(handle, |device| {
        utilisation.gpu = device.percent;
        device.utilisation_code
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetName(
    handle: usize,
    name: *mut c_char,
    length: c_uint,
) -> c_uint {
    with_device(handle, |device| {
        let bytes = device.name.bytes().take(length as usize - 1).chain([0]);
        for (offset, byte) in bytes.enumerate() {
            unsafe { *name.add(offset) = byte as c_char };
        }
        OK
    })
}
