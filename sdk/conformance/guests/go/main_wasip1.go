package main

func main() {} // of a module
