"""Who is seen: tracks of faces become people, and what each of them shows."""
