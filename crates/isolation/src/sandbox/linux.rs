//! What Linux offers beyond resource limits.

use std::{fs, io};

use rustix::{
    process::{Signal, getppid, set_parent_process_death_signal},
    thread::set_no_new_privs,
};

use super::SandboxError;

/// Has the system end this process with its parent.
pub(super) fn tie_to(parent: u32) -> Result<Vec<String>, SandboxError> {
    let tied = set_parent_process_death_signal(Some(Signal::KILL));
    // It may have gone before it was asked for.
    let found = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    if found != parent {
        return Err(SandboxError {
            what: "life",
            reason: "the parent process has gone".to_owned(),
        });
    }
    Ok(lacks("an end with the parent process", tied))
}

/// Has the system choose this process before all others when memory runs out.
pub(super) fn be_killed_first() -> Vec<String> {
    lacks(
        "being killed first",
        fs::write("/proc/self/oom_score_adj", "1000"),
    )
}

fn lacks<E: ToString>(what: &str, done: Result<(), E>) -> Vec<String> {
    done.err()
        .map(|error| format!("{what}: {}", error.to_string()))
        .into_iter()
        .collect()
}

/// Forbids the system calls that no job needs.
pub(super) fn filter() -> Vec<String> {
    let mut missing = lacks(
        "no new privileges",
        set_no_new_privs(true).map_err(io::Error::from),
    );
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    missing.extend(lacks("a filter of system calls", calls::forbid()));
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    missing.push("a filter of system calls: none for this processor".to_owned());
    missing
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod calls {
    use std::collections::BTreeMap;

    use libc::c_long;
    use seccompiler::{
        BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
        SeccompFilter, SeccompRule, TargetArch, apply_filter,
    };

    /// Never needed: network, other programs and processes, rights, mounts, the kernel's own
    /// machinery, and changes to files.
    const FORBIDDEN: &[c_long] = &[
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        // It would open sockets past this filter.
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_tkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_setrlimit,
        libc::SYS_setuid,
        libc::SYS_setgid,
        libc::SYS_setresuid,
        libc::SYS_setresgid,
        libc::SYS_setsid,
        libc::SYS_setpgid,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_open_by_handle_at,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_unlinkat,
        libc::SYS_renameat2,
        libc::SYS_mkdirat,
        libc::SYS_linkat,
        libc::SYS_symlinkat,
        libc::SYS_mknodat,
        libc::SYS_fchmod,
        libc::SYS_fchmodat,
        libc::SYS_fchown,
        libc::SYS_fchownat,
        libc::SYS_truncate,
        libc::SYS_utimensat,
    ];

    /// The older forms of the same.
    #[cfg(target_arch = "x86_64")]
    const FORBIDDEN_OF_OLD: &[c_long] = &[
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_creat,
        libc::SYS_unlink,
        libc::SYS_rmdir,
        libc::SYS_rename,
        libc::SYS_renameat,
        libc::SYS_mkdir,
        libc::SYS_link,
        libc::SYS_symlink,
        libc::SYS_mknod,
        libc::SYS_chmod,
        libc::SYS_chown,
        libc::SYS_lchown,
    ];
    #[cfg(target_arch = "aarch64")]
    const FORBIDDEN_OF_OLD: &[c_long] = &[libc::SYS_renameat];

    /// Answered as if the kernel did not know them, so that what can be looked into is used
    /// instead.
    const UNKNOWN: &[c_long] = &[libc::SYS_clone3, libc::SYS_openat2];

    type Rules = BTreeMap<i64, Vec<SeccompRule>>;

    /// Forbids them to this process and its later threads.
    pub(super) fn forbid() -> Result<(), Error> {
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
        // The later filter must get past the earlier.
        apply_filter(&program(always(UNKNOWN), unknown)?)?;
        apply_filter(&program(forbidden()?, refused)?)
    }

    fn program(rules: Rules, action: SeccompAction) -> Result<BpfProgram, Error> {
        let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, architecture)?;
        Ok(filter.try_into()?)
    }

    fn always(calls: &[c_long]) -> Rules {
        calls.iter().map(|call| (*call, Vec::new())).collect()
    }

    fn forbidden() -> Result<Rules, Error> {
        let mut rules = always(FORBIDDEN);
        rules.extend(always(FORBIDDEN_OF_OLD));
        let own = u64::from(std::process::id());
        let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
        rules.insert(
            libc::SYS_clone,
            vec![rule(0, SeccompCmpOp::MaskedEq(thread), 0)?],
        );
        // Only its own threads are sent signals.
        rules.insert(libc::SYS_kill, vec![rule(0, SeccompCmpOp::Ne, own)?]);
        rules.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpOp::Ne, own)?]);
        // Limits are read, not set.
        rules.insert(
            libc::SYS_prlimit64,
            vec![
                wide_rule(2, SeccompCmpOp::Ne, 0)?,
                rule(0, SeccompCmpOp::Ne, 0)?,
            ],
        );
        rules.insert(libc::SYS_openat, writes(2)?);
        #[cfg(target_arch = "x86_64")]
        rules.insert(libc::SYS_open, writes(1)?);
        Ok(rules)
    }

    /// Opening a file in order to change or make it.
    fn writes(argument: u8) -> Result<Vec<SeccompRule>, Error> {
        [libc::O_WRONLY, libc::O_RDWR, libc::O_CREAT, libc::O_TRUNC]
            .into_iter()
            .map(|flag| {
                let flag = u64::from(flag.unsigned_abs());
                rule(argument, SeccompCmpOp::MaskedEq(flag), flag)
            })
            .collect()
    }

    fn rule(argument: u8, comparison: SeccompCmpOp, value: u64) -> Result<SeccompRule, Error> {
        compared(argument, SeccompCmpArgLen::Dword, comparison, value)
    }

    fn wide_rule(argument: u8, comparison: SeccompCmpOp, value: u64) -> Result<SeccompRule, Error> {
        compared(argument, SeccompCmpArgLen::Qword, comparison, value)
    }

    fn compared(
        argument: u8,
        length: SeccompCmpArgLen,
        comparison: SeccompCmpOp,
        value: u64,
    ) -> Result<SeccompRule, Error> {
        let condition = SeccompCondition::new(argument, length, comparison, value)?;
        Ok(SeccompRule::new(vec![condition])?)
    }
}
