package event

// ParseError is the reason why a record could not be read as it should have
// been. The record is shipped all the same, flagged in sluice.parse_error.
type ParseError uint8

// The reasons. Parsers and framing use these and no others, so that a metric
// can be labelled with them.
const (
	NoError       ParseError = iota
	NotJSON                  // not a JSON object
	TooDeep                  // JSON nested deeper than 64
	TooManyFields            // more than 1,000 fields
	NoMatch                  // no parser of the list, or a pattern, matched
	BadTime                  // the time could not be read
	BadEncoding              // bytes that are not of the source's encoding
	BadLogfmt                // not key=value
	Internal                 // a parser panicked on it
)

var parseErrors = [...]string{"", "not_json", "too_deep", "too_many_fields", "no_match", "bad_time", "bad_encoding", "bad_logfmt", "internal"}

// String is the constant that documents and metrics carry.
func (e ParseError) String() string { return parseErrors[e] }

// ParseErrors are all reasons but none, for metrics.
func ParseErrors() []ParseError {
	return []ParseError{NotJSON, TooDeep, TooManyFields, NoMatch, BadTime, BadEncoding, BadLogfmt, Internal}
}
