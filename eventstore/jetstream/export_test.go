package jetstream

// ReadFiles makes a store read the log's files however little is to be read.
func (s *Store) ReadFiles() { s.worthFiles = 0 }

// Leaderless and Away are what is made of a server's answer about its stream.
var (
	Leaderless = leaderless
	Away       = away
)
