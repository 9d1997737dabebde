package pipeline

import (
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/outputs"
)

// Plan is a config made ready to run: what there is to open, and how. It opens
// nothing itself.
type Plan struct {
	Buffer          buffer.Options
	DeadLetters     buffer.Options // Dir "" is off
	Graph           GraphPlan
	Routes          []Route
	Inputs          []InputPlan
	Outputs         []OutputPlan
	ShutdownTimeout time.Duration
	Wrapping        string   // address of the output that stored blocks are made ready for; "" is the first that can
	Own             []string // what the outputs write: no input may read it
}

// GraphPlan is what is done to records between the inputs and the buffer.
type GraphPlan struct {
	Chains  map[string]Chain // by the address of the input
	Classes []Class
	Default string // name of the default class
}

// InputPlan is one input. Two of the same address and hash are the same and
// need no restart.
type InputPlan struct {
	Address string
	Hash    uint64
	Open    func(d inputs.Deps) (inputs.Input, error)
	Deps    inputs.Deps // what the config says: Service, Fields, Framing
}

// OutputPlan is one output.
type OutputPlan struct {
	Address     string
	Hash        uint64
	Open        func(d outputs.Deps) (outputs.Output, error)
	Cursor      buffer.CursorOptions
	Held        string       // folder of the documents of its targets in trouble
	Standby     *StandbyPlan // nil: none
	DeadLetters bool         // whether its dead letters are kept
}

// StandbyPlan is the output that takes over when another took nothing for some
// time.
type StandbyPlan struct {
	OutputPlan
	After time.Duration
}
