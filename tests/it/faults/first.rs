//! The faults of lists, names and bodies: rows 1 to 43.
//!
//! What surprises: where a row stands for an option of other programs (names from the server, a decoder, shards), there
//! is nothing here to go wrong.

use super::{Row, by, not};

pub(super) const ROWS: &[Row] = &[
    by(
        1,
        "a list with nothing in it",
        &[
            "lists::a_list_of_nothing_is_a_success_and_makes_no_folder",
            "src/run/tests/endings.rs::a_list_of_nothing_makes_no_folder",
        ],
    ),
    by(
        2,
        "line ends, byte order marks and blanks of other systems",
        &[
            "lists::comments_blanks_and_line_ends_change_nothing",
            "src/list/tests.rs::decoration_never_changes_the_entries",
            "e2e::windows_and_hand_written_lists_read_the_same",
        ],
    ),
    by(
        3,
        "bytes in a line that are no text, or control the terminal",
        &[
            "lists::a_bad_line_is_named_and_stops_no_other",
            "src/list/tests.rs::no_control_character_is_taken_and_each_is_named",
            "src/list/tests.rs::any_bytes_give_entries_without_controls",
        ],
    ),
    by(
        4,
        "a line that does not end",
        &[
            "bounds::a_line_without_an_end_takes_no_memory",
            "src/list/tests.rs::a_line_of_the_greatest_length_fits_and_one_byte_more_does_not",
            "src/list/tests.rs::an_endless_line_is_read_in_constant_memory",
        ],
    ),
    by(
        5,
        "the same URL twice, and two URLs with one name",
        &[
            "naming::two_urls_with_one_name_that_come_at_once_are_two_files",
            "naming::two_urls_with_one_name_get_two_files_and_keep_them_in_later_runs",
            "naming::the_same_url_again_is_a_duplicate_and_asked_for_once",
        ],
    ),
    by(
        6,
        "a template that cannot work",
        &[
            "naming::a_template_that_cannot_work_is_a_usage_error_before_any_request",
            "src/template.rs::a_template_that_cannot_work_is_refused_at_once",
        ],
    ),
    by(
        7,
        "a code that wants to be more than one segment of a path",
        &[
            "naming::no_entry_leaves_the_destination_or_changes_the_host",
            "src/template.rs::no_code_changes_more_than_its_place",
            "src/template.rs::a_code_that_is_a_dot_segment_is_refused",
        ],
    ),
    by(
        8,
        "URLs with passwords, fragments, other schemes, no host, ports that are none",
        &[
            "src/link.rs::what_is_no_link_says_why",
            "redirects::the_password_in_an_entry_stays_with_its_host",
            "naming::the_same_url_again_is_a_duplicate_and_asked_for_once",
            "lists::a_bad_line_is_named_and_stops_no_other",
            "lists::half_a_url_is_no_code_and_nobody_is_asked_for_it",
        ],
    ),
    by(9, "one host in several spellings", &["src/link.rs::hosts_are_normalised"]),
    by(
        10,
        "input that ends or fails, output that nobody takes or that finds no room",
        &[
            "surroundings::a_list_that_just_ends_is_whole_and_one_that_breaks_off_is_told",
            "surroundings::a_disk_that_takes_no_output_is_told_and_everything_that_came_stays",
            "output::output_that_nobody_reads_is_no_success_and_does_no_harm",
            "output::errors_that_nobody_reads_change_nothing",
            "e2e::a_reader_that_leaves_early_does_no_harm",
        ],
    ),
    by(
        11,
        "a list that changes between runs",
        &[
            "src/run/tests/reruns.rs::colliding_names_stay_whatever_the_list_looks_like_later",
            "src/run/tests/reruns.rs::a_name_with_a_hash_stays_although_nothing_came_of_the_entry_that_was_first",
        ],
    ),
    by(
        12,
        "names that lead out of the folder, from codes, URLs or servers",
        &[
            "naming::no_url_leaves_the_destination",
            "naming::no_entry_leaves_the_destination_or_changes_the_host",
            "naming::a_url_is_saved_under_its_own_last_segment",
            "src/name.rs::any_text_becomes_one_ordinary_component",
            "src/ledger/tests/rows.rs::a_path_that_somebody_else_wrote_is_not_believed",
        ],
    ),
    by(
        13,
        "a symbolic link in the destination",
        &[
            "planted::what_is_no_file_is_neither_opened_nor_waited_for_nor_replaced",
            "naming::nothing_but_a_plain_file_is_replaced",
            "src/store/tests.rs::a_link_in_the_place_of_flagdls_own_folder_is_not_followed",
            "e2e::a_link_in_the_place_of_the_ledgers_folder_is_not_followed",
        ],
    ),
    by(
        14,
        "links and folders that change places while the run goes on",
        &["planted::folders_and_links_that_come_and_go_lead_nowhere"],
    ),
    by(
        15,
        "a folder, a pipe, a socket or a link to nothing under a file's name",
        &[
            "planted::what_is_no_file_is_neither_opened_nor_waited_for_nor_replaced",
            "planted::what_takes_a_files_place_later_is_told_and_left",
            "src/store/tests.rs::nothing_but_a_plain_file_is_replaced",
        ],
    ),
    by(
        16,
        "names that Windows gives to devices or cannot have",
        &[
            "src/name.rs::what_is_not_portable_is_encoded",
            "src/name.rs::short_texts_come_back_from_their_names",
            "src/name.rs::any_text_becomes_one_ordinary_component",
        ],
    ),
    by(
        17,
        "names that differ only in case or in how accents are encoded",
        &[
            "naming::names_that_macos_or_windows_take_for_one_are_two_files",
            "src/name.rs::names_that_some_system_takes_for_one_are_one",
            "src/name.rs::a_key_is_its_own_key_and_that_of_the_name_in_any_case",
        ],
    ),
    by(
        18,
        "names that are too long, or would be with what is added to them",
        &[
            "naming::a_name_of_exactly_the_greatest_length_is_kept_and_found_again",
            "naming::a_very_long_name_is_cut_and_still_told_apart",
            "src/store/tests.rs::a_name_of_the_greatest_length_works",
            "src/name.rs::a_long_name_is_cut_with_a_hash_and_keeps_its_extension",
        ],
    ),
    not(
        19,
        "millions of files in one folder",
        "all files of a run go to one folder by design: there is no option that spreads them over several",
    ),
    by(20, "a file name that the server sends along", &["naming::a_url_is_saved_under_its_own_last_segment"]),
    by(
        21,
        "pages, programs and files of two kinds under an image's name",
        &[
            "bodies::what_only_begins_as_an_image_or_is_a_program_is_none",
            "bodies::a_page_in_an_images_place_is_not_an_image",
            "bodies::an_image_is_told_by_its_bytes_and_not_by_its_name_or_type",
            "src/store/image/tests.rs::a_page_in_front_of_an_image_is_a_page_and_behind_it_is_a_trailer",
        ],
    ),
    by(
        22,
        "what controls a terminal, in codes, URLs and words of servers",
        &["output::no_control_character_of_a_list_or_a_server_reaches_the_terminal"],
    ),
    by(
        23,
        "a body that is shorter than was told",
        &[
            "bodies::a_body_that_ends_early_is_asked_for_again",
            "resume::the_rest_of_a_large_body_is_asked_for_and_the_file_is_whole",
            "streams::a_length_that_is_not_met_is_an_error",
        ],
    ),
    by(
        24,
        "a body that is longer than was told, with another answer behind it",
        &[
            "framing::what_comes_behind_a_body_is_nobodys_and_ends_its_connection",
            "streams::a_length_that_is_not_met_is_an_error",
        ],
    ),
    by(
        25,
        "chunks without the last one, of sizes that are none, with endless extensions",
        &[
            "framing::a_body_in_chunks_ends_with_the_last_one_or_is_not_whole",
            "bounds::chunks_that_say_more_of_themselves_than_there_is_to_say_are_refused",
        ],
    ),
    by(
        26,
        "a body of no told length that ends in good order, but too early",
        &[
            "bodies::an_image_of_no_told_length_is_only_saved_whole_wherever_it_is_cut",
            "bodies::an_image_cut_short_is_asked_for_again_only_where_the_length_was_not_told",
            "src/store/image/tests.rs::a_file_cut_at_any_byte_never_passes",
        ],
    ),
    by(
        27,
        "lengths that contradict each other, or are none",
        &[
            "framing::lengths_that_contradict_each_other_or_are_none_are_an_error",
            // Better than an error: RFC 9112 §6.3 says which of the two counts, and the image is checked all the same.
            "framing::a_transfer_encoding_counts_more_than_a_length",
        ],
    ),
    by(28, "a body of nothing", &["bodies::an_empty_body_is_an_error_of_its_own"]),
    by(
        29,
        "a page that says that there is no image, as if it were one",
        &["bodies::a_page_in_an_images_place_is_not_an_image"],
    ),
    by(
        30,
        "answers that mean something else than was asked for",
        &[
            "outcomes::every_status_has_one_outcome_and_one_class",
            "framing::answers_that_only_inform_are_passed_over",
            "framing::answers_that_only_inform_and_never_end_are_waited_for_no_longer_than_an_answer",
            "resume::a_part_that_nobody_asked_for_is_an_error",
        ],
    ),
    by(
        31,
        "every status there is",
        &[
            "outcomes::every_status_has_one_outcome_and_one_class",
            "patience::what_will_not_pass_is_tried_once",
            "patience::what_may_pass_is_tried_again",
        ],
    ),
    by(
        32,
        "a head that is too long or does not end",
        &[
            "bounds::a_head_without_an_end_is_left_where_it_is_too_long",
            "bounds::a_head_of_a_hundred_fields_fits_and_one_more_does_not",
            "streams::a_head_that_is_too_long_is_refused_and_the_connection_goes_on",
        ],
    ),
    by(
        33,
        "a head or a body that trickles",
        &[
            "framing::a_head_that_trickles_has_to_come_whole_within_the_time_for_an_answer",
            "patience::min_speed_ends_a_body_that_trickles_and_can_be_lowered",
        ],
    ),
    by(
        34,
        "silence before, after and instead of a connection",
        &[
            "patience::connect_timeout_ends_a_connection_that_is_neither_made_nor_refused",
            "patience::read_timeout_ends_the_wait_for_an_answer",
            "patience::read_timeout_ends_the_wait_for_each_next_byte",
            "src/run/tests/mod.rs::every_wait_has_an_end",
        ],
    ),
    by(
        35,
        "a body that does not end",
        &[
            "bounds::a_body_without_an_end_is_counted_and_not_held",
            "bounds::a_body_that_nobody_wants_is_not_read_to_its_end",
            "options::max_size_is_counted_and_not_believed",
        ],
    ),
    by(
        36,
        "a body that has to be unpacked",
        &[
            "bodies::an_encoding_that_was_not_asked_for_is_refused",
            "bounds::an_encoded_body_is_refused_before_it_is_read",
            "network::a_request_is_a_plain_get_that_says_who_asks",
        ],
    ),
    by(37, "what is no HTTP", &["framing::what_is_no_answer_of_this_protocol_is_told_as_that"]),
    by(
        38,
        "an answer before the question, and then a reset",
        &["framing::a_server_that_answers_before_it_was_asked_costs_no_entry"],
    ),
    by(
        39,
        "a connection that is closed just as it is used again",
        &[
            "framing::connections_that_close_just_as_they_are_used_again_cost_no_entry",
            "src/run/tests/troubles.rs::a_connection_lost_before_an_answer_has_one_free_attempt",
            "src/run/tests/troubles.rs::a_server_that_closes_each_connection_after_an_answer_is_no_host_in_trouble",
            "patience::a_connection_that_is_lost_before_an_answer_costs_one_attempt_less_where_the_host_has_answered",
        ],
    ),
    by(
        40,
        "HTTP/2: streams and connections that end before their time, and frames that lead nowhere",
        &[
            "streams::a_stream_that_was_refused_is_asked_for_again_at_no_cost",
            "streams::a_stream_that_is_always_refused_is_an_error_in_the_end",
            "streams::a_stream_that_is_reset_is_tried_again_and_the_others_do_not_notice",
            "streams::a_connection_that_takes_no_more_is_followed_by_another",
            "streams::a_connection_that_ends_under_its_requests_costs_no_entry",
            "streams::a_server_that_takes_one_stream_at_a_time_gets_no_more",
            "streams::frames_with_nothing_in_them_do_not_go_on_for_ever",
            "streams::a_connection_that_answers_no_ping_is_given_up",
        ],
    ),
    by(
        41,
        "bytes that are not what the list or the server says they are",
        &[
            "digests::what_hashes_to_another_checksum_is_final_and_nothing_is_left_of_it",
            "digests::a_body_that_is_not_what_the_server_says_is_asked_for_again_and_then_an_error",
        ],
    ),
    // Other than the row wants: where a 416 tells the size that we have, all of it is asked for again. The body has ended
    // against the protocol, so nobody has said that it was whole, and a 416 says nothing of which version has that size.
    by(
        42,
        "an answer to a question for the rest that is not the rest",
        &[
            "resume::whatever_is_answered_to_a_question_for_the_rest_the_file_is_the_servers",
            "src/run/tests/resume.rs::whatever_is_cut_and_whatever_changes_the_final_bytes_are_the_servers",
            "src/fetch/range.rs::only_the_exact_rest_of_the_same_version_goes_on",
        ],
    ),
    by(43, "a small file that would be a huge image", &["bodies::an_image_that_would_be_huge_is_not_unpacked"]),
];
