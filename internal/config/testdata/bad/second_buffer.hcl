buffer {
}

buffer {
}
