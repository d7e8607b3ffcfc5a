"""How the compact text-emotion model is made, from ru-izard-emotions and CEDR."""
