package splunk

import "fmt"

// class is what a code means for the request.
type class uint8

const (
	unclear   class = iota // says nothing: send all again
	taken                  // all of it
	again                  // nothing of it, or not known: send all again
	busy                   // throttled: send all again later
	person                 // a person must act
	badObject              // one object is at fault
	badIndex               // one object's index is
	noAck                  // the token does not acknowledge
)

// codes are HEC's. 17 to 22 are answers of /health alone; here they stand for
// what they say.
var codes = [...]struct {
	class class
	text  string
}{
	0:  {taken, "success"},
	1:  {person, "the token is disabled"},
	2:  {person, "a token is required"},
	3:  {person, "the authorization is invalid"},
	4:  {person, "the token is not known"},
	5:  {person, "no data: something in between has emptied the request"},
	6:  {badObject, "invalid data format"},
	7:  {badIndex, "the token may not write to the index"},
	8:  {again, "internal error"},
	9:  {again, "the server is busy"},
	10: {person, "a channel is required"},
	11: {person, "the channel is invalid"},
	12: {badObject, "event is missing"},
	13: {badObject, "event is blank"},
	14: {noAck, "the token does not acknowledge"},
	15: {badObject, "fields or time cannot be indexed"},
	16: {person, "the token stands in the address"},
	17: {unclear, "healthy"},
	18: {again, "queues are full"},
	19: {again, "acknowledgement is not available"},
	20: {again, "queues are full and acknowledgement is not available"},
	21: {person, "the token is not known"},
	22: {person, "the token is disabled"},
	23: {again, "the server is shutting down"},
	24: {taken, "a queue is nearly full"},
	25: {taken, "acknowledgement is nearly full"},
	26: {busy, "a queue is full"},
	27: {busy, "the channels for acknowledgement are full"},
	28: {person, "the channel is missing or invalid"},
}

// Codes that mean more than their class.
const (
	codeFormat       = 6
	codeInternal     = 8
	codeBusy         = 9
	codeAckOff       = 14
	codeShuttingDown = 23
	codeQueueNear    = 24
	codeAckNear      = 25
)

// classOf returns what a code means. One that is not in the table is unclear.
func classOf(code int) class {
	if code < 0 || code >= len(codes) {
		return unclear
	}
	return codes[code].class
}

// describe is a code in our words.
func describe(code int) string {
	if code < 0 || code >= len(codes) {
		return fmt.Sprintf("code %d, which is not known", code)
	}
	return fmt.Sprintf("code %d, %s", code, codes[code].text)
}
