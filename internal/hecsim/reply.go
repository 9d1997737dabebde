package hecsim

import (
	"encoding/json"
	"net/http"
)

// status and text of each code.
var codes = map[int]struct {
	status int
	text   string
}{
	0:  {200, "Success"},
	1:  {403, "Token disabled"},
	2:  {401, "Token is required"},
	3:  {401, "Invalid authorization"},
	4:  {403, "Invalid token"},
	5:  {400, "No data"},
	6:  {400, "Invalid data format"},
	7:  {400, "Incorrect index"},
	8:  {500, "Internal server error"},
	9:  {503, "Server is busy"},
	10: {400, "Data channel is missing"},
	11: {400, "Invalid data channel"},
	12: {400, "Event field is required"},
	13: {400, "Event field cannot be blank"},
	14: {400, "ACK is disabled"},
	15: {400, "Error in handling indexed fields"},
	16: {400, "Query string authorization is not enabled"},
	17: {200, "HEC is healthy"},
	18: {503, "HEC is unhealthy, queues are full"},
	19: {503, "HEC is unhealthy, ack service unavailable"},
	20: {503, "HEC is unhealthy, queues are full, ack service unavailable"},
	21: {400, "Invalid token"},
	22: {400, "Token disabled"},
	23: {503, "Server is shutting down"},
	24: {200, "Queue is nearly full"},
	25: {200, "Ack channel is nearly full"},
	26: {429, "Queue is full"},
	27: {429, "Ack channel is full"},
	28: {400, "Invalid channel"},
}

// reply is an answer to be.
type reply struct {
	code   int
	number *int   // invalid-event-number
	ack    *int64 // ackId
}

func (r reply) body() []byte {
	m := map[string]any{"text": codes[r.code].text, "code": r.code}
	if r.number != nil {
		m["invalid-event-number"] = *r.number
	}
	if r.ack != nil {
		m["ackId"] = *r.ack
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // numbers and strings always can be
	}
	return text
}

func answer(w http.ResponseWriter, r reply) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(codes[r.code].status)
	_, _ = w.Write(r.body()) // a client that is gone reads no answer
}
