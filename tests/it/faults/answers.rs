//! The faults of answers: rows 23 to 43.
//!
//! What surprises: where a row wants something else than what is here, the reason stands beside it. That nothing is left in
//! flagdl's own folder is asserted by the harness, after each run that was not killed.

use super::{Row, by};

pub(super) const ROWS: &[Row] = &[
    by(
        23,
        "a body that is shorter than was told",
        &[
            "harness::a_part_of_a_file_that_is_left_fails_the_test",
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
            "bodies::a_chunk_of_no_valid_size_is_asked_for_again_and_then_an_error",
            "bounds::chunks_that_say_more_of_themselves_than_there_is_to_say_are_refused",
        ],
    ),
    by(
        26,
        "a body of no told length that ends in good order, but too early",
        &[
            // The ledger does not say that no length was told: such a body is taken only if it is a whole image, and from then on
            // its size and hash are in the ledger, as those of any other.
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
            // Both fields are an error (RFC 9112 §6.3). The connection is not used again where anything of the body is left;
            // hyper offers no way to give up one whose body is over, and what comes behind the body ends that one.
            "framing::a_length_beside_a_transfer_encoding_is_an_error_and_nothing_that_follows_is_believed",
            "src/run/tests/mod.rs::a_body_is_taken_in_chunks_and_in_no_other_coding_nor_with_a_length_beside_it",
        ],
    ),
    by(
        28,
        "a body of nothing",
        &[
            "bodies::an_empty_body_is_an_error_of_its_own",
            // Whoever takes anything takes a file of no bytes too, as it was meant for them: so there is no further option.
            "bodies::an_empty_body_is_a_file_to_those_who_take_anything",
        ],
    ),
    by(
        29,
        "a page that says that there is no image, as if it were one",
        &[
            "bodies::a_page_in_an_images_place_is_not_an_image",
            // Nothing of the body is kept for a report: pages of errors may hold secrets and personal data. The message names
            // what came.
            "bodies::what_came_in_an_images_place_is_told_and_not_repeated",
        ],
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
            "streams::a_head_that_goes_on_in_frame_after_frame_does_not_do_so_for_ever",
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
            "src/run/tests/mod.rs::a_body_is_taken_in_chunks_and_in_no_other_coding_nor_with_a_length_beside_it",
            "bounds::an_encoded_body_is_refused_before_it_is_read",
            "network::a_request_is_a_plain_get_that_says_who_asks",
        ],
    ),
    by(37, "what is no HTTP", &["framing::what_is_no_answer_of_this_protocol_is_told_as_that"]),
    by(
        38,
        "an answer before the question, and then a reset",
        &[
            "framing::a_server_that_answers_before_it_was_asked_costs_no_entry",
            "framing::a_connection_that_says_something_while_nobody_asks_costs_no_entry",
        ],
    ),
    by(
        39,
        "a connection that is closed just as it is used again",
        &[
            "framing::a_request_that_is_lost_in_a_connection_that_closes_is_sent_again_at_no_cost",
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
