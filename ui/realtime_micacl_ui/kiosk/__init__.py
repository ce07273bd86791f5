"""The kiosk: a screen in a public room that asks before it looks and forgets whoever leaves."""
