package ecs

import "hash/maphash"

// use is what a key of a record is for.
type use uint8

const (
	plain      use = iota
	timeKey        // when it happened
	levelKey       // how grave it is
	messageKey     // what a person reads
	object         // ECS has an object here: a scalar moves to leaf
	flat           // an object as well, and one that we write into: flattened
	ours           // always ours
	stackKey       // a stack trace, if it is text
	scalar         // ECS has a scalar here: an object becomes text
)

// name is what is known of one key.
type name struct {
	text string
	use  use
	leaf string // where a scalar goes, for object and flat
	rank uint8  // of several, the smallest wins
}

// firstHeld is the rank of the first of the two message keys that are held
// back until all fields are known.
const firstHeld = 20

// ranked lists names of one use, the best first.
func ranked(u use, texts ...string) []name {
	var names []name
	for i, t := range texts {
		names = append(names, name{text: t, use: u, rank: uint8(i + 1)})
	}
	return names
}

func concat(lists ...[]name) []name {
	var all []name
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// known are the names that mean something. The loggers that write them: zap,
// zerolog, slog, logrus, pino, bunyan, winston, monolog, serilog (also in its
// compact form, @t @l @m @mt @x), logback, python-json-logger, structlog, GELF,
// journald, Docker.
var known = newTable(concat(
	ranked(timeKey, "@timestamp", "timestamp", "time", "ts", "@t", "datetime", "eventTime", "event_time", "Timestamp",
		"asctime", "timeMillis", "eventtime", "__REALTIME_TIMESTAMP", "date", "t"),
	ranked(levelKey, "log.level", "level_name", "levelname", "level", "severity", "lvl", "log_level", "loglevel", "logLevel", "@l",
		"Level", "LogLevel", "severity_text", "severityText", "SeverityText", "severity_number", "severityNumber", "SeverityNumber",
		"priority", "PRIORITY"),
	ranked(messageKey, "message", "msg", "@m", "RenderedMessage", "@mt", "MessageTemplate", "Message", "MESSAGE", "short_message", "text"),
	[]name{
		// Loggers use these two for the message and ECS for objects.
		{text: "event", use: messageKey, rank: firstHeld, leaf: "event.action"},
		{text: "log", use: messageKey, rank: firstHeld + 1},

		{text: "error", use: flat, leaf: "error.message"},
		{text: "err", use: flat, leaf: "error.message"},
		{text: "host", use: flat, leaf: "host.name"},
		{text: "service", use: flat, leaf: "service.name"},
		{text: "labels", use: flat},
		{text: "kubernetes", use: ours},
		{text: "sluice", use: ours},

		{text: "stack", use: stackKey},
		{text: "stacktrace", use: stackKey},
		{text: "stack_trace", use: stackKey},
		{text: "exception", use: stackKey},
		{text: "Exception", use: stackKey},
		{text: "exc_info", use: stackKey},
		{text: "@x", use: stackKey},

		{text: "agent", use: object, leaf: "agent.name"},
		{text: "client", use: object, leaf: "client.address"},
		{text: "cloud", use: object, leaf: "cloud.provider"},
		{text: "container", use: object, leaf: "container.name"},
		{text: "data_stream", use: object},
		{text: "deployment", use: flat, leaf: "deployment.environment"},
		{text: "destination", use: object, leaf: "destination.address"},
		{text: "device", use: object, leaf: "device.id"},
		{text: "dns", use: object},
		{text: "ecs", use: object, leaf: "ecs.version"},
		{text: "file", use: object, leaf: "file.path"},
		{text: "geo", use: object},
		{text: "group", use: object, leaf: "group.name"},
		{text: "http", use: object},
		{text: "network", use: object, leaf: "network.name"},
		{text: "observer", use: object, leaf: "observer.name"},
		{text: "orchestrator", use: object},
		{text: "organization", use: object, leaf: "organization.name"},
		{text: "os", use: object, leaf: "os.name"},
		{text: "package", use: object, leaf: "package.name"},
		{text: "process", use: object, leaf: "process.name"},
		{text: "rule", use: object, leaf: "rule.name"},
		{text: "server", use: object, leaf: "server.address"},
		{text: "source", use: object, leaf: "source.address"},
		{text: "span", use: object, leaf: "span.id"},
		{text: "tls", use: object},
		{text: "trace", use: object, leaf: "trace.id"},
		{text: "transaction", use: object, leaf: "transaction.id"},
		{text: "url", use: object, leaf: "url.original"},
		{text: "user", use: object, leaf: "user.name"},
		{text: "user_agent", use: object, leaf: "user_agent.original"},

		{text: "service.name", use: scalar},
		{text: "host.name", use: scalar},
		{text: "error.message", use: scalar},
		{text: "error.type", use: scalar},
		{text: "error.code", use: scalar},
		{text: "error.stack_trace", use: scalar},
		{text: "event.action", use: scalar},
		{text: "log.logger", use: scalar},
		{text: "deployment.environment", use: scalar},
		{text: "labels.retention", use: ours},
		{text: "log.flags", use: ours},
		{text: "log.file", use: ours},
	},
))

// errorLeaves are the names that loggers give to the parts of an error, and
// ECS's.
var errorLeaves = map[string]string{
	"name": "type", "class": "type", "kind": "type",
	"stack": "stack_trace", "stacktrace": "stack_trace", "msg": "message",
}

// table finds names by the hash that keys are told apart by anyway.
type table struct {
	slots [512]slot
}

type slot struct {
	hash uint64
	name *name
}

func newTable(names []name) *table {
	t := &table{}
	for i := range names {
		h := hash([]byte(names[i].text))
		at := h >> 55
		for t.slots[at].name != nil {
			at = (at + 1) % uint64(len(t.slots))
		}
		t.slots[at] = slot{h, &names[i]}
	}
	return t
}

// find returns what is known of key, whose hash is h, or nil.
func (t *table) find(key []byte, h uint64) *name {
	for at := h >> 55; t.slots[at].name != nil; at = (at + 1) % uint64(len(t.slots)) {
		if t.slots[at].hash == h && t.slots[at].name.text == string(key) {
			return t.slots[at].name
		}
	}
	return nil
}

var seed = maphash.MakeSeed()

// hash tells keys apart. Its seed is random, so nobody can choose keys that
// collide.
func hash(key []byte) uint64 { return maphash.Bytes(seed, key) }
