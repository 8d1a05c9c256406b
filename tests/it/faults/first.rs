//! The faults of lists and names: rows 1 to 22.
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
            "src/list/line.rs::what_is_no_text_is_shown_as_escapes",
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
            "output::a_bar_that_nobody_sees_changes_nothing",
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
            "src/fuzzing/tests.rs::every_name_is_one_that_every_system_takes",
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
        "a folder, a pipe, a socket, a device or a link to nothing under a file's name",
        &[
            "planted::what_is_no_file_is_neither_opened_nor_waited_for_nor_replaced",
            "planted::what_takes_a_files_place_later_is_told_and_left",
            // Nobody but root can make one, so none stands in a folder here.
            "src/store/inspect.rs::a_device_is_no_plain_file",
            "src/store/inspect.rs::what_is_no_plain_file_is_named_and_blocks_nobody",
            "src/store/tests.rs::nothing_but_a_plain_file_is_replaced",
        ],
    ),
    by(
        16,
        "names that Windows gives to devices or cannot have",
        &[
            // Names are made the same way on every system, which is what these show; no Windows runs the tests.
            "src/name.rs::what_is_not_portable_is_encoded",
            "src/name.rs::short_texts_come_back_from_their_names",
            "src/name.rs::any_text_becomes_one_ordinary_component",
            "src/fuzzing/tests.rs::every_name_is_one_that_every_system_takes",
        ],
    ),
    by(
        17,
        "names that differ only in case or in how accents are encoded",
        &[
            // Told apart by what is known of those systems, before any file is made; no macOS or Windows runs the tests.
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
            // A path may have 486 bytes, because of the database: an error at once, and not of each entry.
            "surroundings::a_folder_with_a_long_path_works_and_one_with_a_path_too_long_for_the_ledger_is_told",
            "src/ledger/tests/opening.rs::a_folder_whose_path_is_too_long_for_the_database_is_told_before_it_is_made",
            "src/name.rs::a_long_name_is_cut_with_a_hash_and_keeps_its_extension",
        ],
    ),
    not(
        19,
        "millions of files in one folder",
        "no test makes so many, but benches/long_run has: 4 million files in one folder, where an entry of the last tenth took \
         4 % more time than one of the first, and up to 30 % more in between (benches/README.md); so nothing spreads them",
    ),
    by(20, "a file name that the server sends along", &["naming::a_url_is_saved_under_its_own_last_segment"]),
    by(
        21,
        "pages, programs and files of two kinds under an image's name",
        &[
            "bodies::what_only_begins_as_an_image_or_is_a_program_is_none",
            "bodies::a_page_in_an_images_place_is_not_an_image",
            "bodies::an_image_is_told_by_its_bytes_and_not_by_its_name_or_type",
            // An SVG is an image under any name: `--accept image` asks whether it is one, and not which.
            "bodies::an_svg_is_an_image_whatever_it_is_called",
            "src/store/image/tests.rs::a_page_in_front_of_an_image_is_a_page_and_behind_it_is_a_trailer",
        ],
    ),
    by(
        22,
        "what controls a terminal, in codes, URLs and words of servers",
        &["output::no_control_character_of_a_list_or_a_server_reaches_the_terminal"],
    ),
];
