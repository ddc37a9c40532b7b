"""The clickstream: what visitors of the shop's site view, put into the cart, buy and search for."""
