"""What people look at and other programs read: page, pictures, annotated video, exports."""
