// Pages of a trail written as JSON, NDJSON or CSV (CONTRACT 3.4), straight into a buffer. Pure; the bytes follow from the page alone.
#pragma once

#include <string>
#include <string_view>

#include "query/trail/query.h"

namespace satindex::http {

// The whole JSON answer. `next_cursor`: empty when there is none.
void append_page_json(const trail::Page& page, std::string_view next_cursor, std::string& out);

void append_page_ndjson(const trail::Page& page, std::string& out);

// RFC 4180 with a header line. Values are written as they are, never altered: a spreadsheet that
// takes one for a formula must be told to import text (docs say so); an audit record that we
// changed would be no record.
std::string_view csv_header();
void append_page_csv(const trail::Page& page, std::string& out);

}  // namespace satindex::http
