package executor

// Describe returns the manifest as JSON, written by hand: package sdk/manifest would
// bring reflection into every guest.
func (g *Guest) Describe() []byte {
	x := &g.executor
	var o Object
	o.Int("abi", 1).Text("name", x.Name)
	if x.Version != "" {
		o.Text("version", x.Version)
	}
	kinds := []byte{'['}
	for i, k := range x.Kinds {
		if i > 0 {
			kinds = append(kinds, ',')
		}
		kinds = append(kinds, '"')
		kinds = append(append(kinds, k.String()...), '"')
	}
	o.Raw("kinds", append(kinds, ']'))
	if len(x.Wants) > 0 {
		o.Raw("wants", wantsJSON(x.Wants))
	}
	return o.Text("sdk", "refold-go").JSON()
}

func wantsJSON(wants []Want) []byte {
	list := []byte{'['}
	for i, w := range wants {
		if i > 0 {
			list = append(list, ',')
		}
		var o Object
		o.Text("capability", string(w.Capability))
		if w.Name != "" {
			o.Text("name", w.Name)
		}
		list = append(list, o.Text("reason", w.Reason).JSON()...)
	}
	return append(list, ']')
}
