//! Rows 44 to 82: redirects and credentials, limits and robots, network and TLS, disk, crashes and resources.

use super::{
    Row,
    Shown::{self, By, Not},
};

const fn row(number: u8, fault: &'static str, shown: Shown) -> Row {
    Row { number, fault, shown }
}

// As it is: rustfmt would give each row twice as many lines.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row(44, "a redirect that loops, has too many hops or grows", By(&[
        "redirects::five_hops_are_followed_and_not_a_sixth",
        "redirects::a_loop_ends_and_is_not_tried_again",
        "redirects::a_link_that_grows_with_each_hop_ends_as_one_short_line",
    ])),
    row(45, "a redirect to another scheme", By(&["redirects::a_redirect_to_nowhere_or_to_another_scheme_is_refused"])),
    row(46, "a redirect from https to http", By(&["encryption::a_redirect_from_https_to_http_is_refused"])),
    row(47, "headers of the user at another scheme, host or port", By(&[
        "redirects::a_redirect_to_another_port_leaves_the_users_headers_behind",
        "redirects::a_redirect_to_another_host_leaves_the_users_headers_behind",
        "redirects::the_password_in_an_entry_stays_with_its_host",
        "src/run/tests/mod.rs::redirects_end_and_take_no_headers_to_another_host",
        "src/run/tests/reach.rs::the_users_headers_are_left_behind_when_scheme_host_or_port_changes",
    ])),
    row(48, "a Referer that tells a signed query", By(&[
        "redirects::no_netrc_no_cookie_and_no_referer_goes_into_any_request",
    ])),
    row(49, "a redirect from a public address to a private one", By(&[
        "private::a_redirect_from_outside_never_leads_inside",
        "private::a_metadata_service_is_asked_for_no_list",
        "private::a_host_of_the_list_does_not_lead_to_a_metadata_service",
        "private::behind_a_proxy_it_is_the_same_however_that_is_spelled",
        "src/fetch/guard/tests.rs::no_spelling_of_a_private_address_is_followed",
        "src/fetch/address.rs::each_block_of_ipv4_ends_where_the_registry_says",
        "src/fetch/address.rs::each_block_of_ipv6_ends_where_the_registry_says",
    ])),
    row(50, "a name that changes its address", By(&[
        "src/fetch/guard/tests.rs::a_name_that_changes_its_address_is_refused_from_then_on",
        "src/fetch/guard/tests.rs::one_address_that_is_not_public_is_enough_to_refuse_a_name",
        "src/fetch/guard/tests.rs::a_connection_that_a_list_has_opened_is_not_there_for_a_redirect",
    ])),
    row(51, "an address in the place of a name", By(&[
        "private::a_redirect_from_outside_never_leads_inside",
        "src/fetch/guard/tests.rs::no_spelling_of_a_private_address_is_followed",
    ])),
    row(52, "a proxy from the environment", By(&[
        "proxies::the_usual_proxy_variables_are_honoured",
        "proxies::no_proxy_takes_hosts_out",
        "private::verbose_says_once_what_cannot_be_seen_behind_a_proxy",
        "e2e::http_proxy_in_capitals_counts_too",
        "e2e::https_goes_through_a_tunnel",
        "e2e::no_proxy_goes_past_it",
    ])),
    row(53, ".netrc, cookies, keyrings", By(&[
        "redirects::no_netrc_no_cookie_and_no_referer_goes_into_any_request",
        "e2e::nothing_in_the_users_home_is_looked_at",
    ])),
    row(54, "secrets in what is printed or written", By(&[
        "secrets::no_secret_is_in_anything_that_a_run_prints_or_writes",
        "secrets::no_secret_is_in_what_is_told_of_earlier_runs",
        "secrets::no_secret_is_in_the_ledger_and_its_log_while_a_run_goes_on",
        "secrets::no_secret_of_a_proxy_is_told_whatever_becomes_of_it",
        "secrets::no_secret_is_repeated_by_an_error_about_what_was_typed",
        "secrets::a_url_behind_something_else_takes_its_password_to_nobody",
        "src/link/shown.rs::no_user_no_query_and_no_fragment_is_shown",
        "going_on::no_secret_is_in_it_and_what_is_missing_is_named",
        "src/ledger/tests/rows.rs::secrets_do_not_reach_the_disk",
        "src/run/spill/worker.rs::nobody_else_can_see_the_file",
        "src/run/dispatch/defect.rs::a_panic_tells_nothing_that_was_made_at_run_time",
        "src/bin/flagdl/panics.rs::a_panic_tells_its_place_and_nothing_that_was_made_at_run_time",
    ])),
    row(55, "a Location that is long, missing, relative or holds controls", By(&[
        "redirects::a_location_is_read_as_urls_are",
        "redirects::a_location_that_breaks_the_rules_of_header_fields_leads_nowhere",
        "redirects::a_line_end_that_is_encoded_in_a_location_stays_so",
        "redirects::a_redirect_to_nowhere_or_to_another_scheme_is_refused",
    ])),
    row(56, "Retry-After in all its forms, and absurd", By(&[
        "src/fetch/advice.rs::only_what_the_standard_allows_is_a_wait",
        "src/fetch/advice.rs::the_largest_valid_wait_of_all_fields_counts",
        "src/fetch/advice.rs::no_bytes_make_it_panic_or_wait_for_ever",
        "src/schedule/hold.rs::a_named_time_is_never_shortened_and_lengthened_by_a_tenth_at_most",
        "pushback::a_host_gets_nothing_before_the_time_it_names_whatever_the_status",
        "pushback::a_time_that_is_none_keeps_nothing_from_arriving",
        "pushback::a_host_that_names_too_long_a_time_is_given_up_and_the_others_are_not",
    ])),
    row(57, "a clock that is wrong by a day", By(&[
        "pushback::a_date_is_read_by_the_clock_of_the_server_that_names_it",
        "pushback::a_date_of_a_server_whose_clock_makes_no_sense_is_read_by_ours",
        "src/fetch/clock.rs::the_clock_is_the_servers_within_26_hours_of_ours",
        "src/fetch/clock.rs::a_clock_that_is_a_day_off_is_believed_at_any_moment_of_a_second",
    ])),
    row(58, "a host that answers everything with 503", By(&[
        "breaker::a_host_that_answers_everything_with_an_error_gets_few_requests",
        "src/run/tests/troubles.rs::a_host_that_only_fails_gets_a_few_requests_and_the_others_do_not_notice",
        "src/run/tests/troubles.rs::without_the_breaker_the_budget_bounds_what_a_failing_host_gets",
    ])),
    row(59, "fifty in flight that are refused at once", By(&[
        "src/schedule/tests/mod.rs::fifty_refusals_at_once_are_one_decrease_and_one_hold",
        "src/run/tests/politeness.rs::many_that_are_refused_at_once_cost_no_attempts",
        "pushback::many_that_are_refused_at_once_cost_no_entry_its_attempts",
    ])),
    // The budget does get empty in a long list, since a tenth that fails costs more than nine tenths that do not earn; what is
    // put off then gets its turn, however much that is.
    row(60, "a host that fails at random", By(&[
        "src/run/tests/troubles.rs::a_tenth_of_failures_costs_no_entry",
        "src/schedule/tests/flapping.rs::however_long_the_list_is_no_job_is_dropped_for_a_host_that_fails_now_and_then",
        "e2e::twenty_thousand_entries_of_many_hosts_arrive_whole_over_a_line_that_breaks_all_the_time",
        "e2e::a_thousand_entries_of_one_host_arrive_whole_over_a_line_that_breaks_all_the_time",
    ])),
    row(61, "a robots.txt that is missing, broken, huge or leads elsewhere", By(&[
        "robots::robots_txt_is_asked_for_once_a_host_and_before_anything_else",
        "robots::a_robots_txt_that_is_not_there_allows_everything",
        "robots::a_robots_txt_that_cannot_be_had_allows_nothing",
        "robots::a_robots_txt_that_never_comes_allows_nothing_and_is_waited_for_as_any_answer",
        "robots::a_robots_txt_that_is_refused_for_now_is_asked_for_again_and_nothing_else_before_it",
        "robots::a_robots_txt_that_fails_is_asked_for_again",
        "robots::a_redirect_of_robots_txt_is_followed_to_other_hosts_too",
        "robots::of_a_robots_txt_five_redirects_are_followed_and_with_a_sixth_it_counts_as_none",
        "robots::of_a_huge_robots_txt_the_first_500_kib_count",
        "bounds::a_robots_txt_without_an_end_is_read_as_far_as_its_rules_count",
        "src/robots/tests.rs::of_a_huge_file_only_the_beginning_is_read",
        "src/robots/tests.rs::a_page_instead_of_a_robots_file_allows_everything",
        "src/robots/line.rs::a_byte_order_mark_or_its_beginning_is_skipped",
    ])),
    // It is honoured with --respect-opt-out only, as docs/politeness.md says: who mirrors their own images needs them whatever they say of
    // training. Its class is `opted-out`, apart from `robots`, which is robots.txt's.
    row(62, "an image that opts out", By(&[
        "robots::what_opts_out_is_left_and_nothing_of_its_body_is_waited_for",
        "robots::a_large_body_that_opts_out_is_not_transferred_whole",
        "robots::what_opts_out_is_saved_unless_told",
        "src/fetch/opt_out.rs::an_opt_out_is_heard_wherever_it_stands",
        "src/fetch/opt_out.rs::a_preference_against_training_is_heard_among_others",
    ])),
    row(63, "many names for one address", Not(
        "the unit of politeness is scheme, name and port, and there is no option for a pace an address: --total-rate \
         holds for all of them together",
    )),
    row(64, "a slow host at the head of the list", By(&[
        "limits::a_host_that_never_answers_and_stands_first_does_not_slow_the_others",
        "src/run/tests/troubles.rs::a_silent_hosts_entries_leave_the_window_to_the_others_and_come_back",
        "e2e::a_silent_host_delays_only_its_own_entries",
    ])),
    // Bettered: a name that does not exist is not asked for again, because that was an answer.
    row(65, "a name without an address, and name servers that fail", By(&[
        "src/fetch/resolve.rs::a_name_that_does_not_exist_is_told_from_a_look_up_that_failed",
        "src/fetch/resolve.rs::an_answer_is_kept_for_a_minute_and_a_failure_for_five_seconds",
        "src/fetch/guard/nameless.rs::why_a_name_has_no_address_is_known_through_the_clients_own_errors",
        "src/fetch/guard/nameless.rs::a_name_service_that_says_nothing_is_waited_for_as_long_as_a_connection",
        "src/run/tests/troubles.rs::a_name_that_does_not_exist_is_asked_for_once_and_one_without_an_answer_again",
        "src/run/tests/troubles.rs::a_name_that_does_not_exist_ends_all_its_entries_after_ten",
    ])),
    // Bettered: where nobody at all can be reached, it is our network that is gone (68), and costs no attempts.
    row(66, "refused, reset and unreachable connections; IPv6 that is broken", By(&[
        "outcomes::a_mixed_list_gives_exactly_the_right_objects",
        "e2e::a_host_that_no_way_leads_to_is_tried_as_often_as_any_other",
        "patience::what_may_pass_is_tried_again",
        "patience::connect_timeout_ends_a_connection_that_is_neither_made_nor_refused",
        "bodies::a_connection_that_is_lost_before_an_answer_is_tried_again",
        "breaker::a_host_that_refuses_connections_is_given_up_and_the_others_are_not",
        "e2e::an_ipv6_address_that_nobody_answers_at_costs_a_moment_and_no_entry",
    ])),
    // A host is given up after ten such failures in a row, as for any other failure, and not after the first: one address of
    // several may have the wrong certificate. What is left then ends without a request, and in the same class.
    row(67, "certificates that are expired, self-signed, of others; TLS that is too old", By(&[
        "encryption::a_certificate_of_an_unknown_authority_is_refused_and_not_tried_again",
        "encryption::a_certificate_for_another_host_is_refused_and_not_tried_again",
        "certificates::what_is_unknown_expired_self_signed_of_another_or_too_old_is_named_and_not_tried_again",
        "certificates::a_self_signed_certificate_is_believed_where_the_user_names_it",
        "certificates::a_host_whose_certificate_is_not_accepted_is_given_up_and_the_others_are_not",
    ])),
    row(68, "a network that is gone for a while", By(&[
        "src/run/tests/troubles.rs::when_nobody_can_be_reached_it_is_our_network_and_costs_no_attempts",
        "src/run/tests/troubles.rs::a_network_that_stays_away_ends_the_run_some_time",
        "src/run/tests/outage.rs::one_host_that_had_answered_is_waited_for",
        "src/run/tests/outage.rs::hosts_that_had_not_been_asked_before_are_not_given_up",
        "src/schedule/network.rs::where_nobody_is_reached_for_long_there_are_only_probes_and_nothing_is_held_against_anyone",
    ])),
    row(69, "no more local ports", By(&[
        "e2e::few_local_ports_cost_no_entry",
        "src/run/tests/troubles.rs::a_shortage_of_sockets_is_held_against_no_entry",
    ])),
    // A file above what a file system or `ulimit -f` allows (EFBIG) is its entry's error: others are smaller, and have room.
    // At close(2): std closes a file without saying what that told, and there is no safe call that does. What only it
    // tells (file systems across a network, their quotas) is seen with `--durability batch` or `file`, which sync before.
    row(70, "a disk that is full, or may not be written to", By(&[
        "e2e::a_full_disk_of_any_size_ends_the_run_and_more_room_lets_it_go_on",
        "e2e::a_disk_that_is_still_full_when_a_run_begins_is_said_to_be_full",
        "e2e::a_disk_that_nobody_may_write_to_ends_the_run_and_harms_nothing",
        "e2e::a_disk_that_fails_under_the_files_ends_the_run",
        "e2e::a_disk_that_fails_under_a_write_ends_the_run",
        "e2e::a_disk_that_fails_under_a_file_that_is_replaced_ends_the_run",
        "e2e::a_disk_that_fails_under_the_ledger_ends_the_run",
        "src/run/tests/endings.rs::a_folder_that_is_gone_ends_the_run_and_is_held_against_no_entry",
        "scarce::a_file_above_the_limit_of_sizes_fails_alone_and_a_ledger_above_it_ends_the_run",
    ])),
    row(71, "a sync that fails", By(&[
        "src/ledger/tests/power.rs::files_that_could_not_be_synced_are_not_vouched_for_and_not_synced_again",
        "src/ledger/tests/power.rs::a_sync_that_fails_at_the_end_is_told_and_leaves_the_run_without_an_end",
        "e2e::a_disk_that_fails_under_the_ledger_ends_the_run",
        "e2e::a_batch_that_cannot_be_synced_ends_the_run",
        "e2e::a_file_that_cannot_be_synced_ends_the_run",
    ])),
    row(72, "no more open files", By(&[
        "scarce::with_64_open_files_and_500_requests_wanted_no_entry_fails",
        "scarce::with_64_open_files_and_more_hosts_no_entry_fails",
        "scarce::a_soft_limit_of_open_files_is_raised_and_nothing_is_said",
        "src/run/tests/troubles.rs::a_shortage_of_sockets_is_held_against_no_entry",
        "src/run/tests/troubles.rs::a_shortage_of_sockets_that_stays_ends_the_run_some_time",
    ])),
    row(73, "SIGKILL at any system call", By(&[
        "e2e::a_first_run_may_be_killed_at_any_call_with_one_in_flight",
        "e2e::a_first_run_may_be_killed_at_any_call_with_eight_in_flight",
        "e2e::a_run_that_goes_on_may_be_killed_at_any_call",
        "e2e::a_run_that_replaces_files_may_be_killed_at_any_rename",
        "e2e::a_run_that_replaces_files_may_be_killed_at_any_call_on_the_ledger",
        "e2e::of_fifty_kills_at_any_time_each_costs_no_more_than_what_was_not_committed",
    ])),
    // States after a power loss are gone through by their kind (files damaged, old or gone, rows lost), not by a simulated
    // file system: a name and a commit can come to no other, and the simulation would have to be believed itself.
    row(74, "a power loss", By(&[
        "power::after_a_kill_and_a_power_loss_every_file_that_is_damaged_is_found_and_fetched_again",
        "power::files_that_were_synced_are_believed_after_a_power_loss",
        "src/run/tests/power.rs::every_file_that_a_power_loss_took_is_found_and_fetched_again",
        "src/run/tests/crash.rs::an_old_file_that_is_back_under_a_name_is_found_and_replaced_again",
        "src/run/tests/crash.rs::rows_that_are_lost_beside_their_files_end_as_they_would_have",
        "src/ledger/tests/power.rs::files_are_brought_to_the_disk_before_the_rows_that_vouch_for_them",
    ])),
    // The design's exit code holds: 4, as for whatever else this machine refuses.
    row(75, "two runs in one folder", By(&[
        "e2e::a_second_run_ends_at_once_and_names_the_first",
        "e2e::of_runs_that_begin_at_once_in_an_empty_folder_all_end_well_or_are_refused",
        "src/ledger/tests/opening.rs::a_second_one_is_told_who_holds_it_and_the_first_keeps_it",
        "src/ledger/tests/opening.rs::a_lock_that_a_kill_has_left_behind_is_free",
    ])),
    // A file of 0 bytes counts as new, which is how SQLite itself reads it. Its `quick_check` is not run at each start, since
    // that reads the whole ledger: 0.6 s for a million rows (228 MB) that are in memory. A start reads a few pages of it; damage
    // elsewhere is met where it stands, and then ends the run.
    row(76, "a ledger that is damaged, foreign, newer, empty or cannot be written", By(&[
        "e2e::a_damaged_ledger_is_told_apart_and_left_for_the_user_to_move_away",
        "e2e::an_empty_ledger_is_a_new_one",
        "e2e::a_ledger_of_a_newer_version_is_left_to_the_newer_flagdl",
        "e2e::another_programs_database_is_left_alone",
        "e2e::what_is_no_file_in_the_ledgers_place_is_told_as_that",
        "src/ledger/tests/opening.rs::a_damaged_ledger_is_said_to_be_damaged_and_left_alone",
        "src/ledger/tests/trouble.rs::damage_in_the_middle_shows_where_it_is_met",
        "src/run/tests/flips.rs::a_ledger_with_a_bit_that_flipped_is_refused_or_costs_nothing",
    ])),
    row(77, "what a dead run has left half written", By(&[
        "power::what_a_killed_run_left_in_flagdls_own_folder_goes_with_the_next",
        "src/store/tests.rs::what_killed_runs_have_left_goes_when_it_is_swept_and_nothing_else_does",
        "src/store/sweep.rs::only_what_is_named_as_a_staged_file_is_one",
    ])),
    row(78, "an error that takes away the wrong file", By(&[
        "naming::what_fails_under_a_name_that_was_taken_harms_neither_file",
        "src/store/tests.rs::a_staged_file_that_is_dropped_leaves_nothing",
        "src/run/tests/reruns.rs::a_failed_attempt_to_fetch_again_forgets_no_file_and_is_made_again",
    ])),
    // Bettered: the ledger has the umask's mode too. It holds no secrets, and is there for other programs to read; what
    // may hold some, the file of jobs that wait, has 0600 and no name.
    row(79, "files with more rights than the umask leaves", By(&[
        "scarce::a_mode_is_what_the_umask_leaves_and_never_more",
        "src/bin/flagdl/report/listing.rs::a_file_that_is_replaced_leaves_its_mode_from_before_the_first_byte",
        "src/store/tests.rs::the_umask_decides_about_modes",
        "src/ledger/tests/opening.rs::the_umask_decides_about_modes",
        "src/store/tests.rs::a_scratch_file_has_no_name_and_is_the_users_alone",
    ])),
    // The design's exit code holds: 1, as for whatever else is one entry's error.
    row(80, "a panic in a task", By(&[
        "src/run/tests/endings.rs::a_panic_is_one_entrys_error",
        "src/ledger/tests/trouble.rs::a_panic_of_its_thread_is_one_more_way_to_stop",
        "src/run/spill/tests/mod.rs::what_a_thread_had_that_panicked_is_told_as_lost_and_the_rest_comes_back",
        "src/run/dispatch/defect.rs::a_panic_tells_nothing_that_was_made_at_run_time",
        "src/bin/flagdl/panics.rs::a_panic_tells_its_place_and_nothing_that_was_made_at_run_time",
    ])),
    // A second signal ends a run within 20 ms, and within 120 ms with 300,000 entries left. No test asks for the 200 ms of the
    // row, because a machine that is busy takes longer; they allow 2 s. By force it ends after 550 ms.
    row(81, "signals, once and twice", By(&[
        "stopping::a_first_signal_lets_finish_what_is_in_flight_and_starts_nothing_more",
        "stopping::a_second_signal_gives_up_what_is_in_flight",
        "stopping::what_is_in_flight_gets_no_more_than_its_time_to_finish",
        "surroundings::two_signals_end_a_run_whose_output_nobody_takes",
        "surroundings::signals_that_are_ignored_from_outside_stay_ignored",
        "src/run/tests/endings.rs::a_drained_run_ends_when_its_grace_does_and_an_aborted_one_at_once",
        "e2e::ctrl_c_twice_leaves_at_once",
        "e2e::a_run_that_is_interrupted_again_and_again_ends_as_a_quiet_one",
    ])),
    row(82, "ten million entries", By(&[
        "scarce::a_ledger_takes_300_bytes_an_entry_at_most",
        "e2e::a_long_list_of_missing_codes_stays_below_64_mib",
        "e2e::four_times_as_many_pictures_take_no_more_memory",
        "src/plan/claims/mod.rs::many_move_to_a_file_without_a_name_and_a_folder_is_made_for_it",
    ])),
];
